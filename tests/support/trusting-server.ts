import { checkUpdate } from '../../server/documents/check-update.ts'
import { Admission } from '../../server/realtime/admission.ts'

// A server that holds no update against the document, as if its rules had overlooked something.
Admission.prototype.admit = (update) => checkUpdate(update)

await import('../../server/main.ts')

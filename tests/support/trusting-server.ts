import { checkUpdate } from '../../server/documents/check-update.ts'
import { UpdateAdmission } from '../../server/realtime/update-admission.ts'

// A server that holds no update against the document, as if its rules had overlooked something.
UpdateAdmission.prototype.admit = (update) => checkUpdate(update)

await import('../../server/main.ts')

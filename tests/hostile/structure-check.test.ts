import { it } from 'vitest'
import * as Y from 'yjs'
import { checkUpdate } from '../../server/documents/check-update.ts'
import { session } from '../documents/random-document.ts'

const SESSIONS = 40
const EDITS = 60
it(`[HOS6] nothing of ${SESSIONS} random sessions in text, lists, maps and XML is refused`, () => {
  for (let seed = 1000; seed < 1000 + SESSIONS; seed += 1) {
    const updates = session(seed, EDITS)
    const document = new Y.Doc()
    for (const update of updates) {
      checkUpdate(update)
      Y.applyUpdate(document, update)
    }
    checkUpdate(Y.encodeStateAsUpdate(document))
    checkUpdate(Y.mergeUpdates(updates))
  }
})

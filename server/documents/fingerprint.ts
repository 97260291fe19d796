import { createHash } from 'node:crypto'
import * as Y from 'yjs'

/** The same for two documents that hold the same items, and have deleted the same of them. */
export const fingerprint = (doc: Y.Doc): string =>
  createHash('sha256')
    .update(Y.encodeSnapshot(Y.snapshot(doc)))
    .digest('hex')

import type * as Y from 'yjs'

/** Whether the document holds structs or deletions that build on something it has not seen. */
export const hasPending = (doc: Y.Doc): boolean =>
  doc.store.pendingStructs !== null || doc.store.pendingDs !== null

/**
 * Forgets what the document could not integrate. The log's every prefix is a whole document, and a snapshot
 * would carry pending structs along; whoever sent them still has them, and sends all that is missing in the
 * next SyncStep2.
 */
export function dropPending(doc: Y.Doc): void {
  doc.store.pendingStructs = null
  doc.store.pendingDs = null
}

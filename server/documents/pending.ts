import * as Y from 'yjs'
import type { Incoming } from './logged-update.ts'

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

/** Whether the document has all that an update brings, and whatever it deletes is deleted there. */
export function holds({ store }: Y.Doc, { update, runs }: Incoming): boolean {
  if (runs.some(({ client, end }) => Y.getState(store, client) < end)) return false
  for (const [client, ranges] of Y.decodeUpdate(update).ds.clients)
    if (!ranges.every(({ clock, len }) => isDeleted(store, client, clock, clock + len))) return false
  return true
}

function isDeleted(store: Y.Doc['store'], client: number, from: number, until: number): boolean {
  const structs = store.clients.get(client)
  if (structs === undefined || Y.getState(store, client) < until) return false
  for (let at = Y.findIndexSS(structs, from); at < structs.length; at += 1) {
    const struct = structs[at]
    if (struct === undefined || struct.id.clock >= until) break
    if (!struct.deleted) return false
  }
  return true
}

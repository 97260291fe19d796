import type { Connection, Document } from '@hocuspocus/server'
import type { Transaction } from 'yjs'
import { SyncType, syncFrame } from './frames.ts'
import { connectionOf } from './origin.ts'

/** What Hocuspocus calls once for each flush window, and what that calls; typed as its own. */
interface Broadcasts {
  broadcastUpdate(update: Uint8Array): void
  broadcast(encode: (address: string) => Uint8Array, filter?: (connection: Connection) => boolean): void
}

/**
 * Sends nobody their own edits back. Hocuspocus sends every update to all connections, its author's too, who has it:
 * where one types and one reads, half of all that is sent. A window in which two have written goes to all.
 */
export function omitEcho(document: Document): void {
  /** Who has written since the last window; `undefined` among them where it came over no connection. */
  const writers = new Set<Connection | undefined>()
  // Before the update itself is told of, which may fill the window and end it.
  document.on('afterTransactionCleanup', ({ origin }: Transaction) => writers.add(connectionOf(origin)))
  const broadcasts = document as unknown as Broadcasts
  broadcasts.broadcastUpdate = (update) => {
    const [only] = writers.size === 1 ? writers : []
    writers.clear()
    const encode = (address: string) => syncFrame(address, SyncType.update, update)
    broadcasts.broadcast(encode, only && ((connection) => connection !== only))
  }
}

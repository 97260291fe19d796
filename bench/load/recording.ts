import * as Y from 'yjs'
import { readTrace } from '../../server/commands/trace.ts'
import { DOCUMENT_FIELDS } from '../../server/protocol.ts'
import type { Peer } from '../peer.ts'
import { Client } from './client.ts'

const WINDOW = 1000

/** A recorded session as one Yjs update a transaction. */
export async function recordedUpdates(path: string, limit: number): Promise<Uint8Array[]> {
  const { transactions } = await readTrace(path)
  const doc = new Y.Doc()
  const text = doc.getText(DOCUMENT_FIELDS.code)
  const updates: Uint8Array[] = []
  doc.on('update', (update: Uint8Array) => updates.push(update))
  for (const { patches } of transactions.slice(0, limit)) {
    doc.transact(() => {
      for (const [position, deleted, inserted] of patches) {
        if (deleted > 0) text.delete(position, deleted)
        if (inserted) text.insert(position, inserted)
      }
    })
  }
  return updates
}

/** Sends them as fast as they are acknowledged. */
export async function type(peer: Peer, room: string, updates: readonly Uint8Array[]): Promise<void> {
  const client = await Client.open(peer, room)
  const done = Promise.withResolvers<void>()
  const send = (): void => {
    while (client.typed < updates.length && client.typed - client.acknowledged < WINDOW) {
      const update = updates[client.typed]
      if (update !== undefined) client.send(update)
    }
    if (client.acknowledged === updates.length) done.resolve()
  }
  client.onAcknowledged = send
  send()
  await Promise.race([
    done.promise,
    client.gone.then(() => Promise.reject(new Error(`${peer.name} left in the middle`))),
  ])
  await client.close()
}

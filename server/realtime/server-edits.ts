import type { Document, Hocuspocus } from '@hocuspocus/server'
import * as Y from 'yjs'
import { checkUpdate } from '../documents/check-update.ts'
import { SynclineError } from '../errors.ts'
import type { Seq } from '../log/entry.ts'
import { OnBehalfOf } from './origin.ts'
import type { RoomExtension } from './room-extension.ts'

/** Edits that come over HTTP and not from an editor. */
export class ServerEdits {
  readonly #hocuspocus: Hocuspocus
  readonly #rooms: Pick<RoomExtension, 'admit' | 'committed'>

  constructor(hocuspocus: Hocuspocus, rooms: Pick<RoomExtension, 'admit' | 'committed'>) {
    this.#hocuspocus = hocuspocus
    this.#rooms = rooms
  }

  /**
   * Applies a Yjs update to the room as this person, who may do that, whether anybody has it open or not;
   * whoever has sees it at once, as any other edit. Resolves with its seq when it is committed.
   * @throws SynclineError whatever refuses an edit that comes over a connection; `shutting-down` where the room was
   *   just being closed: the same again will do
   */
  async apply(room: string, user: string, update: Uint8Array): Promise<Seq> {
    const { runs } = checkUpdate(update)
    const context = new OnBehalfOf(user, { update, runs })
    const connection = await this.#hocuspocus.openDirectConnection(room, context)
    try {
      const { document } = connection
      if (document === null || this.#hocuspocus.documents.get(room) !== document) {
        throw new SynclineError('shutting-down')
      }
      await this.#rooms.admit(document, context, update)
      const applied = connection.transact((target: Document) => Y.applyUpdate(target, update))
      // The turn in which it was applied, so the seq is that of this edit and not of one after it.
      const committed = this.#rooms.committed(document, runs)
      const [seq] = await Promise.all([committed, applied])
      return seq
    } finally {
      // Not at once: whoever asked for it looks at the result next.
      await connection.disconnect({ unloadImmediately: false })
    }
  }
}

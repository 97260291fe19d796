import type { Document, Hocuspocus } from '@hocuspocus/server'
import * as Y from 'yjs'
import { checkUpdate } from '../documents/check-update.ts'
import { fingerprint } from '../documents/fingerprint.ts'
import { SynclineError } from '../errors.ts'
import type { Seq } from '../log/entry.ts'
import { OnBehalfOf } from './origin.ts'
import type { RoomExtension } from './room-extension.ts'

/** An edit that was made for a room as its log has it. */
export interface ServerEdit {
  /** A Yjs update. */
  readonly update: Uint8Array
  /** The position that it builds on. */
  readonly head: Seq
  /** Of the document that it was made for, where it is refused once that has become another. */
  readonly fingerprint?: string | undefined
  /** The Yjs client id that it alone is written under, where the same may have been applied before. */
  readonly client?: number
}

/** Edits that come over HTTP and not from an editor. */
export class ServerEdits {
  readonly #hocuspocus: Hocuspocus
  readonly #rooms: Pick<RoomExtension, 'admit' | 'committed' | 'logOf'>

  constructor(hocuspocus: Hocuspocus, rooms: Pick<RoomExtension, 'admit' | 'committed' | 'logOf'>) {
    this.#hocuspocus = hocuspocus
    this.#rooms = rooms
  }

  /**
   * Applies an edit to the room as this person, who may do that, whether anybody has it open or not;
   * whoever has sees it at once, as any other edit. Resolves with its seq when it is committed.
   * @throws SynclineError `content-changed`, whatever refuses an edit that comes over a connection; `shutting-down` where the room was
   *   just being closed: the same again will do
   */
  async apply(room: string, user: string, edit: ServerEdit): Promise<Seq> {
    const { update } = edit
    const { runs } = checkUpdate(update)
    const context = new OnBehalfOf(user, { update, runs })
    const connection = await this.#hocuspocus.openDirectConnection(room, context)
    try {
      const { document } = connection
      if (document === null || this.#hocuspocus.documents.get(room) !== document) {
        throw new SynclineError('shutting-down')
      }
      // Another node's entries, on which it builds, may still be on their way here.
      await this.#rooms.logOf(document)?.integrates(edit.head)
      await this.#rooms.admit(document, context, update)
      refuseOvertaken(document, edit)
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

/** @throws SynclineError `content-changed` */
function refuseOvertaken(document: Document, edit: ServerEdit): void {
  if (edit.fingerprint === undefined || edit.fingerprint === fingerprint(document)) return
  const applied = edit.client !== undefined && Y.getState(document.store, edit.client) > 0
  if (!applied) throw new SynclineError('content-changed')
}

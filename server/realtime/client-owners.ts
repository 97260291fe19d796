import type { Connection, Document } from '@hocuspocus/server'
import * as Y from 'yjs'
import type { ClientRun } from '../documents/check-update.ts'
import { DOCUMENT, HEAVY } from '../documents/update-limits.ts'
import { harmful } from '../documents/update-reader.ts'
import { SynclineError } from '../errors.ts'
import type { Written } from './held-acknowledgements.ts'
import type { NewClients } from './new-clients.ts'

/** Whether an id is a connection's in the room's awareness, which providers keep under their document's id. */
export type Announces = (document: Document, connection: Connection, client: number) => boolean

interface ClientOwnersOptions {
  readonly actorOf: (connection: Connection) => string
  readonly announces: Announces
  readonly newClients: NewClients
}

/** As Hocuspocus keeps it, where it is the one that handles awareness. */
export const announcedToHocuspocus: Announces = (document, connection, client) =>
  document.connections.get(connection)?.clients.has(client) ?? false

/**
 * Who writes under which Yjs client id in one room. Ten bytes are enough to take the clocks that somebody
 * else's editor is going to use: what it then writes is ignored as known, and would be acknowledged. So while
 * somebody is there, nobody else continues their ids. Who has left is not protected: their edits may still
 * reach the server by way of others, such as a browser that several people use; and so may those of somebody who
 * has just come, from another node or to a server that was started anew, until they have brought them themselves.
 */
export class ClientOwners {
  readonly #document: Document
  readonly #options: ClientOwnersOptions
  readonly #writers = new Map<number, Connection>()
  /** Who has brought all that they have. */
  readonly #inSync = new WeakSet<Connection>()

  constructor(document: Document, options: ClientOwnersOptions) {
    this.#document = document
    this.#options = options
  }

  /**
   * Whether the connection brings more client ids than one person needs.
   * @throws SynclineError `update-refused` where it continues what is somebody else's, or brings more at once than a document may
   *   have; `rate-limited` where the document has as many, and this person brings more than they may for now.
   */
  check(connection: Connection, runs: readonly ClientRun[]): boolean {
    let fresh = 0
    for (const { client, end } of runs) {
      if (this.#writers.get(client) === connection) continue
      const state = Y.getState(this.#document.store, client)
      if (end <= state) continue
      if (this.#isOthers(client, connection)) harmful('it continues what somebody else is writing')
      if (state === 0) fresh += 1
    }
    if (fresh === 0) return false
    const { actorOf, newClients } = this.#options
    const [room, actor] = [this.#document.name, actorOf(connection)]
    const wait = newClients.take(room, actor, fresh)
    if (wait === 0) return false
    if (this.#document.store.clients.size + fresh <= DOCUMENT.clients) return true
    newClients.giveBack(room, actor, fresh)
    if (fresh > HEAVY.clientsOfActor) harmful('it brings too many client ids')
    throw new SynclineError('rate-limited', 'you bring too many client ids', {
      retryAfter: Math.ceil(wait / 1000),
    })
  }

  /** What the connection sent was applied. A copy of other people's work makes nobody the owner of it. */
  wrote(connection: Connection, { kind, runs }: Written): void {
    if (kind === 'step2') {
      this.#inSync.add(connection)
      return
    }
    const [run] = runs
    if (run !== undefined && runs.length === 1) this.#writers.set(run.client, connection)
  }

  #isOthers(client: number, connection: Connection): boolean {
    const writer = this.#writers.get(client)
    if (writer !== undefined && this.#document.hasConnection(writer)) return this.#differ(writer, connection)
    const { announces } = this.#options
    if (announces(this.#document, connection, client)) return false
    for (const other of this.#document.connections.keys()) {
      if (!other.readOnly && !this.#inSync.has(other)) continue
      if (announces(this.#document, other, client) && this.#differ(other, connection)) return true
    }
    return false
  }

  #differ(one: Connection, other: Connection): boolean {
    return one !== other && this.#options.actorOf(one) !== this.#options.actorOf(other)
  }
}

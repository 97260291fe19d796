import type { Authorizer } from '../access/authorizer.ts'
import type { Visit, Visitor } from '../channels/visit.ts'
import { SynclineError } from '../errors.ts'
import type { Logger } from '../observe/log.ts'
import type { Role } from '../protocol.ts'
import { Admission } from './admission.ts'
import type { Connections, Socket } from './connections.ts'
import { logRefusal } from './refusal.ts'
import { type Seat, Standing } from './standing.ts'

export interface VisitOptions {
  readonly authorizer: Authorizer
  readonly connections: Connections
  readonly logger: Logger
}

/** Requests that stay open, each counted and ended as a WebSocket is. */
export class Visits {
  readonly #options: VisitOptions
  readonly #open = new Set<Visit>()

  constructor(options: VisitOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#open.size
  }

  /** @throws SynclineError `shutting-down`, `revoked`, `too-many-connections` */
  admit(visitor: Visitor): Visit {
    const visit = new OpenVisit(visitor, this.#options)
    this.#open.add(visit)
    visit.onClose(() => this.#open.delete(visit))
    return visit
  }
}

class OpenVisit implements Visit, Socket, Seat {
  readonly address: string
  readonly admissions = new Set<Admission>()
  readonly #visitor: Visitor
  readonly #options: VisitOptions
  readonly #standing: Standing
  readonly #end = new AbortController()
  readonly #closeListeners: (() => void)[] = []

  constructor(visitor: Visitor, options: VisitOptions) {
    const { identity, room, decision, epoch, address } = visitor
    const { authorizer, connections } = options
    this.address = address
    this.#visitor = visitor
    this.#options = options
    connections.open(this, true)
    try {
      connections.admit(this, identity, room)
    } catch (error) {
      connections.close(this)
      throw error
    }
    const refuse = (error: SynclineError) => this.refuse(error)
    this.admissions.add(new Admission({ room, address: room }, identity, (_, error) => refuse(error)))
    this.#standing = new Standing({ authorizer, room, identity, decision, epoch })
    this.#standing.begin(this, refuse)
  }

  get role(): Role | undefined {
    return this.#standing.role
  }

  get ended(): AbortSignal {
    return this.#end.signal
  }

  refuse(error: SynclineError): void {
    if (this.ended.aborted) return
    const { room, identity } = this.#visitor
    logRefusal(this.#options.logger, error, { address: this.address, user: identity.user, room })
    this.#options.connections.closing(this, error.code)
    this.leave()
    this.#end.abort(error)
  }

  async move(): Promise<void> {
    this.refuse(new SynclineError('shutting-down'))
  }

  tooSlow(): void {
    this.refuse(new SynclineError('slow-reader'))
  }

  leave(): void {
    this.#options.connections.close(this)
    for (const admission of this.admissions) admission.left()
    for (const listener of this.#closeListeners.splice(0)) listener()
  }

  onClose(listener: () => void): void {
    this.#closeListeners.push(listener)
  }

  /** There is no way back over which a newer token could come: the reader comes again with one. */
  requestToken(): void {}
}

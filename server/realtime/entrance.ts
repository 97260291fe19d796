import type { Connection, Document, Hocuspocus } from '@hocuspocus/server'
import type { Limits } from '../config.ts'
import { SynclineError } from '../errors.ts'
import type { Logger } from '../observe/log.ts'
import { SYNC_PATH } from '../protocol.ts'
import type { Connections } from './connections.ts'
import { FirstSync } from './first-sync.ts'
import { addressOf, isAddressed } from './frames.ts'
import { type Presence, SocketPresence } from './presence.ts'
import { Session, type SocketContext } from './session.ts'
import type { Wire } from './wire.ts'

export interface EntranceOptions {
  readonly hocuspocus: Hocuspocus
  readonly logger: Logger
  readonly limits: Limits
  readonly connections: Connections
  readonly presence: Presence
  /** Whether a connection that stands may still read its room. */
  readonly mayAsk: (connection: Connection) => boolean
  /** Settles when all that a document holds now is committed, or never will be. */
  readonly committed: (document: Document) => Promise<unknown>
}

/** What crossws reads as everybody's address. */
export const ADDRESS = `http://syncline${SYNC_PATH}`

/**
 * What Hocuspocus hands to hooks as everybody's request: who comes is in the context. A request of their own, with its
 * address and headers taken apart, was a tenth of what an idle connection kept in memory. Its address is a path alone: of a
 * whole one Hocuspocus reads the parameters twice for each message, 1.3 % of a node that one person writes on.
 */
export const REQUEST = Object.defineProperty(new Request(ADDRESS), 'url', { value: SYNC_PATH })

/** Where every client comes in, whatever its frames travel over. */
export class Entrance {
  readonly #options: EntranceOptions
  readonly #firstSync = new FirstSync()

  constructor(options: EntranceOptions) {
    this.#options = options
  }

  /** @throws SynclineError `too-many-connections` */
  open(wire: Wire, address: string): Caller {
    const { hocuspocus, logger, limits, connections, mayAsk, presence, committed } = this.#options
    const session = new Session({
      wire,
      address,
      firstSync: this.#firstSync,
      connections,
      limits,
      logger,
      mayAsk,
      presence: new SocketPresence(presence),
      committed,
    })
    return new Caller(session, hocuspocus)
  }
}

/** One client that has come in. */
export class Caller {
  readonly #session: Session
  readonly #client: ReturnType<Hocuspocus['handleConnection']>
  /** What Hocuspocus is being handed. */
  #frame: Uint8Array | undefined

  constructor(session: Session, hocuspocus: Hocuspocus) {
    this.#session = session
    const address = () => (this.#frame === undefined ? '' : addressOf(this.#frame))
    // Hocuspocus copies it with the first frame of each address, and tells no hook which of them it is about.
    const context: SocketContext = {
      session,
      get address() {
        return address()
      },
    }
    this.#client = hocuspocus.handleConnection(session, REQUEST, context)
    forgetInherited(this.#client)
    // It closes whoever sends it nothing for a minute, and presence never comes to it: whoever only read was cut off every two
    // minutes. Whether somebody is still there, the gateway knows by its pings; who brings no token, the session closes.
    clearInterval(this.#client.pingInterval)
  }

  /** A frame has come: it is bounded here, then handed to Hocuspocus. */
  receive(frame: Uint8Array): void {
    const session = this.#session
    if (!session.receive(frame.length)) return
    try {
      if (!isAddressed(frame)) throw new SynclineError('frame-malformed')
      if (session.take(frame)) return
    } catch (error) {
      // Whatever breaks the reading of a frame harms the one who sent it, and nobody else.
      const refusal =
        error instanceof SynclineError
          ? error
          : new SynclineError('frame-malformed', undefined, { cause: error })
      session.refuse(refusal)
      return
    }
    this.#frame = frame
    this.#client.handleMessage(frame)
    this.#frame = undefined
  }

  /** Something has come that is no frame, and counts as one. */
  count(): void {
    this.#session.receive(0)
  }

  /** All that waited has been sent. */
  drained(): void {
    this.#session.drained()
  }

  close(code: number, reason: string): void {
    this.#session.close(code, reason)
  }

  /** The wire is gone, whoever closed it. */
  closed(code: number, reason: string): void {
    this.#session.closed()
    this.#client.handleClose({ code, reason })
  }
}

/**
 * Hocuspocus keeps what belongs to a room under its name in plain objects, in which `constructor` or `toString`
 * is found although nobody put it there; such a name closed the whole WebSocket without a reason.
 */
function forgetInherited(client: ReturnType<Hocuspocus['handleConnection']>): void {
  for (const value of Object.values(client)) {
    if (Object.getPrototypeOf(Object(value)) === Object.prototype) Object.setPrototypeOf(value, null)
  }
}

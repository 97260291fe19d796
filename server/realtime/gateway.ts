import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Connection, Hocuspocus } from '@hocuspocus/server'
import { defineHooks, type Peer } from 'crossws'
import nodeAdapter from 'crossws/adapters/node'
import type { Limits } from '../config.ts'
import { SynclineError } from '../errors.ts'
import type { Logger } from '../observe/log.ts'
import { SYNC_PATH } from '../protocol.ts'
import type { Connections } from './connections.ts'
import { FirstSync } from './first-sync.ts'
import { isAddressed } from './frames.ts'
import { type Presence, SocketPresence } from './presence.ts'
import { logRefusal } from './refusal.ts'
import { CLOSE_WITHIN, Session, type SocketContext, TRY_AGAIN } from './session.ts'
import { wireOf } from './wire.ts'

export interface GatewayOptions {
  readonly hocuspocus: Hocuspocus
  readonly logger: Logger
  /** The largest message taken, in bytes; a larger one closes its WebSocket with 1009. */
  readonly maxFrameBytes: number
  readonly limits: Limits
  readonly connections: Connections
  readonly presence: Presence
  /** Whether a connection that stands may still read its room. */
  readonly mayAsk: (connection: Connection) => boolean
  /** Where a request comes from. */
  readonly addressOf: (request: IncomingMessage) => string
  /** Why a request must not become a WebSocket, or undefined where it may. */
  readonly refuseUpgrade: (
    request: IncomingMessage,
  ) => SynclineError | undefined | Promise<SynclineError | undefined>
}

/**
 * Every WebSocket is pinged so often, and cut where nothing came back until the next time, in seconds: whoever's
 * machine or network is gone has left the room after twice that.
 */
const SILENCE = 12

/**
 * What Hocuspocus hands to hooks as everybody's request: who comes is in the context. A request of their own, with its
 * address and headers taken apart, was a tenth of what an idle connection kept in memory.
 */
const REQUEST = new Request(`http://syncline${SYNC_PATH}`)

/** What an upgrade tells the WebSocket that comes of it. */
interface Arrival {
  readonly tcp: Duplex
  readonly address: string
}

interface Connected {
  readonly session: Session
  readonly client: ReturnType<Hocuspocus['handleConnection']>
}

/** The WebSocket route: what comes in is bounded here, then handed to Hocuspocus. */
export class Gateway {
  readonly #options: GatewayOptions
  readonly #adapter: ReturnType<typeof nodeAdapter>
  readonly #firstSync = new FirstSync()
  readonly #connected = new WeakMap<Peer, Connected>()
  #draining = false

  constructor(options: GatewayOptions) {
    this.#options = options
    this.#adapter = nodeAdapter({
      idleTimeout: SILENCE,
      serverOptions: { maxPayload: options.maxFrameBytes },
      hooks: defineHooks({
        open: (peer) => this.#open(peer),
        message: (peer, message) => this.#message(peer, message.uint8Array()),
        drain: (peer) => this.#connected.get(peer)?.session.drained(),
        close: (peer, { code, reason }) => {
          const connected = this.#connected.get(peer)
          connected?.session.closed()
          connected?.client.handleClose({ code: code ?? 1005, reason: reason ?? '' })
          this.#connected.delete(peer)
        },
        error: (_peer, error) => {
          options.logger.info({ err: error }, 'a WebSocket failed')
        },
      }),
    })
  }

  attach(server: Server): void {
    server.on('upgrade', (request, socket, head) => this.upgrade(request, socket, head))
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    // Without a listener the first write to a connection that is gone would end the process.
    socket.on('error', () => socket.destroy())
    this.#admit(request, socket, head).catch((error: unknown) => {
      this.#options.logger.error({ err: error }, 'an upgrade failed')
      socket.destroy()
    })
  }

  /** Takes no new WebSockets from now on. */
  drain(): void {
    this.#draining = true
  }

  /** Closes every WebSocket; those that do not answer in time (a laptop asleep, a network gone) are cut. */
  closeAll(code: number, reason: string): void {
    this.#adapter.closeAll(code, reason)
    setTimeout(() => this.#adapter.closeAll(code, reason, true), CLOSE_WITHIN).unref()
  }

  #open(peer: Peer): void {
    const { hocuspocus, logger, limits, connections, mayAsk, presence } = this.#options
    const { tcp, address } = peer.context.arrival as Arrival
    const wire = wireOf(peer, tcp)
    try {
      const session = new Session({
        wire,
        address,
        firstSync: this.#firstSync,
        connections,
        limits,
        logger,
        mayAsk,
        presence: new SocketPresence(presence),
      })
      const context: SocketContext = { session }
      const client = hocuspocus.handleConnection(session, REQUEST, context)
      forgetInherited(client)
      this.#connected.set(peer, { session, client })
    } catch (error) {
      if (!(error instanceof SynclineError)) throw error
      logRefusal(logger, error, { address })
      // Refusing the upgrade would be cheaper, but a browser is not told why an upgrade failed.
      wire.close(TRY_AGAIN, error.code, CLOSE_WITHIN)
    }
  }

  #message(peer: Peer, frame: Uint8Array): void {
    const connected = this.#connected.get(peer)
    if (connected === undefined || !connected.session.receive(frame.length)) return
    try {
      if (!isAddressed(frame)) throw new SynclineError('frame-malformed')
      if (connected.session.take(frame)) return
    } catch (error) {
      // Whatever breaks the reading of a frame harms the one who sent it, and nobody else.
      const refusal =
        error instanceof SynclineError
          ? error
          : new SynclineError('frame-malformed', undefined, { cause: error })
      connected.session.refuse(refusal)
      return
    }
    connected.client.handleMessage(frame)
  }

  async #admit(request: IncomingMessage, tcp: Duplex, head: Buffer): Promise<void> {
    const refusal = await this.#refusal(request)
    if (refusal !== undefined) {
      refuseUpgrade(tcp, refusal)
      return
    }
    const arrival: Arrival = { tcp, address: this.#options.addressOf(request) }
    // All that crossws reads of it.
    const upgrade = { url: REQUEST.url, headers: REQUEST.headers, context: { arrival } }
    await this.#adapter.handleUpgrade(request, tcp, head, upgrade as unknown as Request)
  }

  async #refusal(request: IncomingMessage): Promise<SynclineError | undefined> {
    if (this.#draining) return new SynclineError('shutting-down')
    const path = (request.url ?? '').split('?', 1)[0]?.replace(/\/+$/, '')
    if (path !== SYNC_PATH) return new SynclineError('route-not-found')
    return this.#options.refuseUpgrade(request)
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

function refuseUpgrade(tcp: Duplex, { code, message, status, retryable, retryAfter }: SynclineError): void {
  const body = JSON.stringify({ error: { code, message, retryable } })
  const later = retryAfter === undefined ? '' : `Retry-After: ${retryAfter}\r\n`
  tcp.end(
    `HTTP/1.1 ${status} Refused\r\nContent-Type: application/json\r\nConnection: close\r\n${later}` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  )
}

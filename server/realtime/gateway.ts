import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Connection, Hocuspocus, WebSocketLike } from '@hocuspocus/server'
import { defineHooks, type Peer } from 'crossws'
import nodeAdapter from 'crossws/adapters/node'
import { SynclineError } from '../errors.ts'
import type { Logger } from '../observe/log.ts'
import { SYNC_PATH } from '../protocol.ts'
import { identityOf } from './authorization.ts'
import { FirstSync } from './first-sync.ts'
import { Presence, SocketPresence } from './presence.ts'
import { logRefusal } from './refusal.ts'
import { Session, type SocketContext } from './session.ts'

export interface GatewayOptions {
  readonly hocuspocus: Hocuspocus
  readonly logger: Logger
  /** The largest message taken, in bytes; a larger one closes its WebSocket with 1009. */
  readonly maxFrameBytes: number
  /** Whether a connection that stands may still read its room. */
  readonly mayAsk: (connection: Connection) => boolean
  /** Why a request must not become a WebSocket, or undefined where it may. */
  readonly refuseUpgrade: (request: IncomingMessage) => SynclineError | undefined
}

/**
 * Every WebSocket is pinged so often, and cut where nothing came back until the next time, in seconds: whoever's
 * machine or network is gone has left the room after twice that.
 */
const SILENCE = 12

/** How long a client may take to answer that its WebSocket is being closed, in ms. */
const CLOSE_WITHIN = 2_000

/** The WebSocket route: what comes in is bounded here, then handed to Hocuspocus. */
export class Gateway {
  readonly #options: GatewayOptions
  readonly #adapter: ReturnType<typeof nodeAdapter>
  readonly #firstSync = new FirstSync()
  #draining = false

  constructor(options: GatewayOptions) {
    this.#options = options
    const clients = new WeakMap<
      Peer,
      { session: Session; client: ReturnType<Hocuspocus['handleConnection']> }
    >()
    const { hocuspocus, logger } = options
    const presence = new Presence({ logger, identityOf, mayAsk: options.mayAsk })
    this.#adapter = nodeAdapter({
      idleTimeout: SILENCE,
      serverOptions: { maxPayload: options.maxFrameBytes },
      hooks: defineHooks({
        open: (peer) => {
          const session = new Session(
            sender(peer),
            this.#firstSync,
            options.mayAsk,
            new SocketPresence(presence),
          )
          const context: SocketContext = { session }
          const client = hocuspocus.handleConnection(session, peer.request as Request, context)
          forgetInherited(client)
          clients.set(peer, { session, client })
        },
        message: (peer, message) => {
          const connected = clients.get(peer)
          if (connected === undefined) return
          const frame = message.uint8Array()
          try {
            if (connected.session.take(frame)) return
          } catch (error) {
            // Whatever breaks the reading of a frame harms the one who sent it, and nobody else.
            const refusal =
              error instanceof SynclineError
                ? error
                : new SynclineError('frame-malformed', undefined, { cause: error })
            logRefusal(logger, refusal, {})
            connected.session.close(4400, refusal.code)
            return
          }
          connected.client.handleMessage(frame)
        },
        close: (peer, { code, reason }) => {
          const connected = clients.get(peer)
          connected?.session.closed()
          connected?.client.handleClose({ code: code ?? 1005, reason: reason ?? '' })
          clients.delete(peer)
        },
        error: (_peer, error) => {
          logger.info({ err: error }, 'a WebSocket failed')
        },
      }),
    })
  }

  attach(server: Server): void {
    server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head))
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

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    // Without a listener the first write to a connection that is gone would end the process.
    socket.on('error', () => socket.destroy())
    const refusal = this.#refusal(request)
    if (refusal === undefined) {
      this.#adapter.handleUpgrade(request, socket, head).catch((error: unknown) => {
        this.#options.logger.error({ err: error }, 'an upgrade failed')
        socket.destroy()
      })
      return
    }
    const body = JSON.stringify({ error: { code: refusal.code, message: refusal.message } })
    socket.end(
      `HTTP/1.1 ${refusal.status} Refused\r\nContent-Type: application/json\r\nConnection: close\r\n` +
        `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    )
  }

  #refusal(request: IncomingMessage): SynclineError | undefined {
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

/**
 * crossws hands out the WebSocket behind a Proxy, through which every property that ws itself reads while it
 * sends would pass: an eighth of the processor time of a crowded room. Sending through the peer goes past it.
 */
const sender = (peer: Peer): Pick<WebSocketLike, 'send' | 'close'> => ({
  send: (data) => {
    peer.send(data)
  },
  close: (code, reason) => peer.close(code, reason),
})

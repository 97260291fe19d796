import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { defineHooks, type Peer } from 'crossws'
import nodeAdapter from 'crossws/adapters/node'
import { SynclineError } from '../errors.ts'
import { countRefusal } from '../observe/log.ts'
import { SYNC_PATH } from '../protocol.ts'
import { ADDRESS, type Caller, Entrance, type EntranceOptions, REQUEST } from './entrance.ts'
import { HttpTransport } from './http-transport.ts'
import { Pulse } from './pulse.ts'
import { logRefusal } from './refusal.ts'
import { CLOSE_WITHIN, TRY_AGAIN } from './session.ts'
import { wireOf } from './wire.ts'

export interface GatewayOptions extends EntranceOptions {
  /** The largest message taken, in bytes; a larger one closes its WebSocket with 1009. */
  readonly maxFrameBytes: number
  /** Where a request comes from. */
  readonly addressOf: (request: IncomingMessage) => string
  /** Why a request must not become a WebSocket, or a session over HTTP; undefined where it may. */
  readonly refuseUpgrade: (
    request: IncomingMessage,
  ) => SynclineError | undefined | Promise<SynclineError | undefined>
  /** The value of Access-Control-Allow-Origin for pages of that origin, if there is to be one. */
  readonly corsOrigin: (origin: string) => string | null
}

/**
 * Every WebSocket is pinged so often, and cut where nothing came back until the next time, in ms: whoever's
 * machine or network is gone has left the room after twice that, or three times where a document was on its way to them.
 */
const SILENCE = 12_000

/** What an upgrade tells the WebSocket that comes of it. */
interface Arrival {
  readonly tcp: Duplex
  readonly address: string
}

/** The sync route: every WebSocket, and the sessions over HTTP of those whose network lets none through. */
export class Gateway {
  readonly #options: GatewayOptions
  readonly #adapter: ReturnType<typeof nodeAdapter>
  readonly #entrance: Entrance
  readonly #http: HttpTransport
  readonly #callers = new WeakMap<Peer, Caller>()
  readonly #pulses = new Map<Peer, Pulse>()
  readonly #looks: NodeJS.Timeout
  #draining = false

  constructor(options: GatewayOptions) {
    this.#options = options
    this.#entrance = new Entrance(options)
    this.#http = new HttpTransport({ ...options, entrance: this.#entrance })
    this.#adapter = nodeAdapter({
      // It hears of whole messages and of pongs, neither of which comes while a large frame is on its way.
      idleTimeout: 0,
      serverOptions: { maxPayload: options.maxFrameBytes },
      hooks: defineHooks({
        open: (peer) => this.#open(peer),
        message: (peer, message) => this.#callers.get(peer)?.receive(message.uint8Array()),
        drain: (peer) => this.#callers.get(peer)?.drained(),
        close: (peer, { code, reason }) => {
          this.#callers.get(peer)?.closed(code ?? 1005, reason ?? '')
          this.#callers.delete(peer)
          this.#pulses.delete(peer)
        },
        error: (_peer, error) => {
          options.logger.info({ err: error }, 'a WebSocket failed')
        },
      }),
    })
    this.#looks = setInterval(() => this.#look(), SILENCE)
    this.#looks.unref()
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

  /** Sessions over HTTP that are open. */
  get sessionsOverHttp(): number {
    return this.#http.size
  }

  /** Answers a request of a session over HTTP; false where it is none. */
  request(request: IncomingMessage, response: ServerResponse): boolean {
    return this.#http.request(request, response)
  }

  /** Takes nobody new from now on. */
  drain(): void {
    this.#draining = true
    this.#http.drain()
  }

  /** Closes every WebSocket and session; those that do not answer in time (a laptop asleep, a network gone) are cut. */
  closeAll(code: number, reason: string): void {
    this.#http.closeAll(code, reason)
    this.#adapter.closeAll(code, reason)
    setTimeout(() => this.#adapter.closeAll(code, reason, true), CLOSE_WITHIN).unref()
  }

  /** Asks nobody any more whether they are still there; after `closeAll`, where anybody was. */
  end(): Promise<void> {
    clearInterval(this.#looks)
    return this.#adapter.close()
  }

  #open(peer: Peer): void {
    const { tcp, address } = peer.context.arrival as Arrival
    const wire = wireOf(peer, tcp)
    this.#pulses.set(peer, new Pulse(tcp))
    try {
      this.#callers.set(peer, this.#entrance.open(wire, address))
    } catch (error) {
      if (!(error instanceof SynclineError)) throw error
      logRefusal(this.#options.logger, error, { address })
      // Refusing the upgrade would be cheaper, but a browser is not told why an upgrade failed.
      wire.close(TRY_AGAIN, error.code, CLOSE_WITHIN)
    }
  }

  #look(): void {
    for (const [peer, pulse] of this.#pulses) {
      if (pulse.beats()) peer.ping()
      else peer.terminate()
    }
  }

  async #admit(request: IncomingMessage, tcp: Duplex, head: Buffer): Promise<void> {
    const refusal = await this.#refusal(request)
    if (refusal !== undefined) {
      // Not in the log: what is refused here comes by the thousand.
      countRefusal(this.#options.logger, refusal.code)
      refuseUpgrade(tcp, refusal)
      return
    }
    const arrival: Arrival = { tcp, address: this.#options.addressOf(request) }
    // All that crossws reads of it.
    const upgrade = { url: ADDRESS, headers: REQUEST.headers, context: { arrival } }
    await this.#adapter.handleUpgrade(request, tcp, head, upgrade as unknown as Request)
  }

  async #refusal(request: IncomingMessage): Promise<SynclineError | undefined> {
    if (this.#draining) return new SynclineError('shutting-down')
    const path = (request.url ?? '').split('?', 1)[0]?.replace(/\/+$/, '')
    if (path !== SYNC_PATH) return new SynclineError('route-not-found')
    return this.#options.refuseUpgrade(request)
  }
}

function refuseUpgrade(tcp: Duplex, { code, message, status, retryable, retryAfter }: SynclineError): void {
  const body = JSON.stringify({ error: { code, message, retryable } })
  const later = retryAfter === undefined ? '' : `Retry-After: ${retryAfter}\r\n`
  // Node has let go of it, and leaves it open until its other side ends, too: no limit and no stop would ever reach it.
  tcp.once('finish', () => tcp.destroy())
  const timer = setTimeout(() => tcp.destroy(), CLOSE_WITHIN)
  timer.unref()
  tcp.once('close', () => clearTimeout(timer))
  tcp.end(
    `HTTP/1.1 ${status} Refused\r\nContent-Type: application/json\r\nConnection: close\r\n${later}` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  )
}

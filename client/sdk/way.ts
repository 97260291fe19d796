import type { SocketClass } from './counted-socket.ts'
import { HttpSocket } from './http-socket.ts'

/** What the frames travel over: WebSockets, or, where the network blocks them, HTTP. */
export type Transport = 'websocket' | 'http'

/** How often WebSockets may fail in a row before the other way is tried. */
const TRIES = 2
/** When it is looked whether WebSockets work again: so long after the last look, the last of these from then on. */
const LOOK_AFTER_MS = [2_000, 10_000, 30_000, 120_000, 300_000] as const
const LOOK_LIMIT_MS = 10_000

export interface WayOptions {
  readonly url: string
  readonly WebSocket: SocketClass
  /** Makes a class whose frames are counted. */
  readonly counted: (Base: SocketClass) => SocketClass
  /** WebSockets work again. */
  readonly better: () => void
}

/** Which way a link goes: by WebSocket wherever one gets through. */
export class Way {
  readonly #options: WayOptions
  readonly #classes: Readonly<Record<Transport, SocketClass>>
  #transport: Transport = 'websocket'
  #failures = 0
  #looks = 0
  #timer: ReturnType<typeof setTimeout> | undefined
  #probe: WebSocket | undefined

  constructor(options: WayOptions) {
    this.#options = options
    this.#classes = {
      websocket: options.counted(options.WebSocket),
      // All of a WebSocket that the provider uses.
      http: options.counted(HttpSocket as unknown as SocketClass),
    }
  }

  get transport(): Transport {
    return this.#transport
  }

  /** The class for the next try. */
  next(): SocketClass {
    this.#transport = this.#failures < TRIES ? 'websocket' : 'http'
    return this.#classes[this.#transport]
  }

  /** A frame came this way. */
  works(): void {
    if (this.#transport === 'websocket') {
      this.#failures = 0
      this.#looks = 0
    } else this.#lookLater()
  }

  /** The last try has ended before anything came. A server that is away, or has no other way, may be back by WebSocket. */
  failed(): void {
    this.#failures += 1
    if (this.#transport === 'websocket') return
    // The looks that find nothing meanwhile say nothing of WebSockets either: soon after the server is back it is looked again.
    this.#looks = 0
    if (this.#probe === undefined) this.#look()
  }

  /** Nobody goes anywhere for now. */
  rest(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#endProbe()
  }

  #lookLater(): void {
    if (this.#timer !== undefined) return
    const after = LOOK_AFTER_MS[Math.min(this.#looks, LOOK_AFTER_MS.length - 1)]
    this.#looks += 1
    this.#timer = setTimeout(() => this.#look(), after)
  }

  /** Opens a WebSocket beside the session, which goes on meanwhile. */
  #look(): void {
    clearTimeout(this.#timer)
    const probe = new this.#options.WebSocket(this.#options.url)
    this.#probe = probe
    this.#timer = setTimeout(() => probe.close(), LOOK_LIMIT_MS)
    probe.addEventListener('open', () => {
      if (this.#probe !== probe) return
      this.rest()
      // Should nothing come through it after all, the next try is the other way again.
      this.#failures = TRIES - 1
      this.#options.better()
    })
    probe.addEventListener('error', () => undefined)
    probe.addEventListener('close', () => {
      if (this.#probe !== probe) return
      this.rest()
      this.#lookLater()
    })
  }

  #endProbe(): void {
    const probe = this.#probe
    this.#probe = undefined
    probe?.close()
  }
}

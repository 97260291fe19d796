import { HocuspocusProvider, HocuspocusProviderWebsocket } from '@hocuspocus/provider'
import * as decoding from 'lib0/decoding'
import * as Y from 'yjs'
import type { SocketClass } from '../../client/sdk/counted-socket.ts'
import { HttpSocket } from '../../client/sdk/http-socket.ts'
import { isSyncStatus, readSyncStep1, SyncType } from '../../server/realtime/frames.ts'
import { until } from '../support/server-process.ts'
import { token } from './cluster.ts'

const SYNC = 0
const ACKNOWLEDGED = 1
/** Between two edits, in ms. */
const PAUSE = 20

/** How long a connection may take to be there, in ms. */
const CONNECT_LIMIT = 3_000

/** As applications configure it, but for how long it waits: a round is shorter than a day. */
const IMPATIENT = { delay: 50, minDelay: 50, maxDelay: 400, factor: 1.5, messageReconnectTimeout: 3_000 }

export interface WriterOptions {
  readonly name: string
  readonly room: string
  /** Asked before each connection. */
  readonly url: () => string
  /** Their network lets no WebSocket through. */
  readonly blocked?: boolean
}

/**
 * Somebody with a stock provider who types into one room, and remembers how much of it was acknowledged. Edit n of a
 * writer is clock n of its document, so it can be read from each frame up to where it reaches, and the acknowledgement
 * of that frame, which come in the order of the frames, says that all up to there is saved.
 */
export class Writer {
  readonly name: string
  readonly document = new Y.Doc()
  readonly #edits = this.document.getArray<string>('edits')
  readonly #socket: HocuspocusProviderWebsocket
  readonly #provider: HocuspocusProvider
  #typed = 0
  #acknowledged = 0
  #typing: NodeJS.Timeout | undefined

  constructor({ name, room, url, blocked = false }: WriterOptions) {
    this.name = name
    this.#socket = new HocuspocusProviderWebsocket({
      ...IMPATIENT,
      url: url(),
      WebSocketPolyfill: watched(blocked ? (HttpSocket as unknown as SocketClass) : WebSocket, url, {
        reach: (frame, asked) => this.#reach(frame, asked),
        acknowledged: (edits) => {
          this.#acknowledged = Math.max(this.#acknowledged, edits)
        },
      }),
    })
    this.#provider = new HocuspocusProvider({
      name: room,
      document: this.document,
      token: token(name),
      websocketProvider: this.#socket,
    })
    this.#provider.attach()
  }

  get typed(): number {
    return this.#typed
  }

  get acknowledged(): number {
    return this.#acknowledged
  }

  get isSynced(): boolean {
    return this.#provider.isSynced
  }

  get edits(): readonly string[] {
    return this.#edits.toArray()
  }

  type(): void {
    this.#typed += 1
    this.#edits.push([`${this.name} ${this.#typed}`])
  }

  start(): void {
    this.#typing ??= setInterval(() => this.type(), PAUSE)
  }

  stop(): void {
    clearInterval(this.#typing)
    this.#typing = undefined
  }

  /** With all that it holds: what was acknowledged to it must be there without it. */
  destroy(): void {
    this.stop()
    this.#provider.destroy()
    this.#socket.destroy()
    this.document.destroy()
  }

  /** Up to which edit a frame goes; undefined where it is none that is acknowledged. */
  #reach(frame: Uint8Array, asked: boolean): number | undefined {
    const decoder = decoding.createDecoder(frame)
    decoding.readVarString(decoder)
    if (decoding.readVarUint(decoder) !== SYNC) return undefined
    const type = decoding.readVarUint(decoder)
    // An answer to what the server has: with what is in it, it has all. Sent later than it was asked for, it has what it had then.
    if (type === SyncType.step2 && asked) return this.#typed
    if (type !== SyncType.update && type !== SyncType.step2) return undefined
    const { to } = Y.parseUpdateMeta(decoding.readVarUint8Array(decoder))
    return to.get(this.document.clientID) ?? 0
  }
}

interface Watch {
  /** `asked`: what came last is the server's SyncStep1, which is being answered. */
  readonly reach: (frame: Uint8Array, asked: boolean) => number | undefined
  readonly acknowledged: (edits: number) => void
}

/** A WebSocket whose frames are looked at: those of one connection are acknowledged on that connection. */
function watched(Base: SocketClass, url: () => string, watch: Watch): SocketClass {
  return class extends Base {
    readonly #sent: number[] = []
    #asked = false

    constructor() {
      super(url())
      // As the client's link does: a request over a connection that is dead is answered by nobody.
      const late = setTimeout(() => this.readyState === this.CONNECTING && this.close(), CONNECT_LIMIT)
      for (const settled of ['open', 'close']) this.addEventListener(settled, () => clearTimeout(late))
      this.addEventListener('message', ({ data }) => {
        const frame = new Uint8Array(data as ArrayBuffer)
        this.#asked = readSyncStep1(frame) !== undefined
        if (!isSyncStatus(frame)) return
        const edits = this.#sent.shift()
        if (edits !== undefined && frame.at(-1) === ACKNOWLEDGED) watch.acknowledged(edits)
      })
    }

    override send(data: Parameters<WebSocket['send']>[0]): void {
      if (data instanceof Uint8Array) {
        const edits = watch.reach(data, this.#asked)
        if (edits !== undefined) this.#sent.push(edits)
      }
      super.send(data)
    }
  }
}

/** What a room says to somebody who comes to a node with nothing. */
export async function readAfresh(room: string, wsUrl: string): Promise<readonly string[]> {
  const reader = new Writer({ name: 'reader', room, url: () => wsUrl })
  try {
    await until(() => reader.isSynced, 20_000)
    return reader.edits
  } finally {
    reader.destroy()
  }
}

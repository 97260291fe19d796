import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import { WebSocket } from 'ws'
import { type EventDraft, MAX_EVENTS_AT_ONCE, type RoomEvent } from '../../server/protocol.ts'
import type { PublisherRecord, ReaderRecord } from './checker.ts'

const AUTH = 2
const AUTHENTICATED = 2
const STATELESS = 5
/** Between two tries to reach the server, in ms. */
const RETRY = 50

export interface EventClientOptions {
  /** Asked before each connection: the server may come back elsewhere. */
  readonly url: () => string
  readonly token: () => Promise<string>
  readonly room: string
  /** What it is told of; nothing where it is left out. */
  readonly reader?: ReaderRecord
  readonly publisher?: PublisherRecord
}

/**
 * The least that a client of events has to do to be right: it keeps what was not answered, and sends it again, in
 * order, on its next connection; it remembers the last seq that it saw, and resumes there.
 */
export class EventClient {
  readonly room: string
  /** Called after each envelope that came. */
  onTold: () => void = () => undefined
  readonly #options: EventClientOptions
  readonly #unanswered = new Map<string, EventDraft>()
  #position: number
  #socket: WebSocket | undefined
  #online = false
  #resumed = false
  #destroyed = false

  constructor(options: EventClientOptions) {
    this.room = options.room
    this.#options = options
    this.#position = options.reader?.after ?? 0
    void this.#connect()
  }

  get online(): boolean {
    return this.#online
  }

  get unanswered(): number {
    return this.#unanswered.size
  }

  /** Whether it was told, on the connection that it has now, that it has seen all. */
  get resumed(): boolean {
    return this.#resumed
  }

  publish(events: readonly EventDraft[]): void {
    for (const event of events) {
      this.#options.publisher?.published.push(event.id)
      this.#unanswered.set(event.id, event)
    }
    if (this.#online) this.#send({ type: 'publish', events })
  }

  /** Loses its connection, as networks do, and comes back. */
  cut(): void {
    this.#offline()
    this.#socket?.terminate()
  }

  destroy(): void {
    this.#destroyed = true
    this.#socket?.terminate()
  }

  async #connect(): Promise<void> {
    const token = await this.#options.token().catch(() => undefined)
    if (this.#destroyed) return
    if (token === undefined) return this.#retry()
    const socket = new WebSocket(this.#options.url(), { perMessageDeflate: false })
    this.#socket = socket
    socket.on('open', () => socket.send(this.#authentication(token)))
    socket.on('message', (data: Buffer) => this.#hear(data))
    socket.on('error', () => undefined)
    socket.on('close', () => {
      this.#offline()
      this.#retry()
    })
  }

  #offline(): void {
    this.#online = false
    this.#resumed = false
  }

  #retry(): void {
    if (!this.#destroyed) setTimeout(() => void this.#connect(), RETRY * (0.5 + Math.random()))
  }

  #hear(data: Buffer): void {
    const decoder = decoding.createDecoder(data)
    decoding.readVarString(decoder)
    const type = decoding.readVarUint(decoder)
    if (type === AUTH && decoding.readVarUint(decoder) === AUTHENTICATED) this.#begin()
    else if (type === STATELESS) this.#told(JSON.parse(decoding.readVarString(decoder)))
  }

  #begin(): void {
    this.#online = true
    if (this.#options.reader !== undefined) this.#send({ type: 'resume', after: this.#position })
    const events = [...this.#unanswered.values()]
    for (let i = 0; i < events.length; i += MAX_EVENTS_AT_ONCE)
      this.#send({ type: 'publish', events: events.slice(i, i + MAX_EVENTS_AT_ONCE) })
    this.onTold()
  }

  #told(envelope: Told): void {
    const { reader, publisher } = this.#options
    if (envelope.type === 'event') {
      for (const { seq, id } of envelope.events) {
        reader?.seen.push({ seq, id })
        this.#position = seq
      }
    } else if (envelope.type === 'ack') {
      for (const { id, seq } of envelope.events) {
        publisher?.acknowledged.push({ id, seq })
        this.#unanswered.delete(id)
      }
    } else if (envelope.type === 'reject') {
      publisher?.rejected.push(envelope)
      this.#unanswered.delete(envelope.id)
    } else if (envelope.type === 'reset') {
      if (reader !== undefined) reader.reset = envelope.after
      this.#position = envelope.after
    } else if (envelope.type === 'resumed') this.#resumed = true
    this.onTold()
  }

  #send(envelope: unknown): void {
    this.#socket?.send(
      encoding.encode((encoder) => {
        encoding.writeVarString(encoder, this.room)
        encoding.writeVarUint(encoder, STATELESS)
        encoding.writeVarString(encoder, JSON.stringify(envelope))
      }),
    )
  }

  #authentication(token: string): Uint8Array {
    return encoding.encode((encoder) => {
      encoding.writeVarString(encoder, this.room)
      encoding.writeVarUint(encoder, AUTH)
      encoding.writeVarUint(encoder, 0)
      encoding.writeVarString(encoder, token)
    })
  }
}

type Told =
  | { readonly type: 'event'; readonly events: readonly RoomEvent[] }
  | { readonly type: 'ack'; readonly events: readonly { readonly id: string; readonly seq: number }[] }
  | { readonly type: 'reject'; readonly id: string; readonly code: string }
  | { readonly type: 'reset'; readonly after: number }
  | { readonly type: 'resumed'; readonly head: number }

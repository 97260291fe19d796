import type { ServerResponse } from 'node:http'
import { type ErrorCode, SynclineError } from '../errors.ts'
import type { Seq } from '../log/entry.ts'
import type { StoredEvent } from '../log/events.ts'
import type { RoomLog } from '../log/room-log.ts'
import { reset } from '../reset.ts'
import type { Channels } from './channels.ts'
import { encodeEvent } from './encode.ts'
import type { Subscriber, Subscription } from './subscription.ts'
import type { Visit } from './visit.ts'

/** What may wait for a reader before they are behind, in bytes. */
const COMFORTABLE = 256 * 1024
/** Events go out in pieces of no more than this, in bytes: whether a slow reader takes anything is seen by them. */
const PIECE = 64 * 1024
/** A comment is sent so often, in ms: proxies cut what is silent for longer, and who is gone is found out. */
const HEARTBEAT = 12_000
/** After how long an EventSource comes back, in ms. */
const RETRY = 1_000
/** Refusals after which no byte may reach the reader for longer than this, in ms, whatever waits on the way. */
const CUT: readonly ErrorCode[] = ['revoked', 'token-expired', 'slow-reader']
const CUT_WITHIN = 400

const HEADERS = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  // Whoever gathers or compresses it on the way holds back what has happened.
  'Cache-Control': 'no-store, no-transform',
  'X-Accel-Buffering': 'no',
}

export interface EventStreamOptions {
  readonly channels: Channels
  readonly name: string
  readonly room: RoomLog
  /** The last position seen. */
  readonly after: Seq
  readonly mayRead: (type: string) => boolean
  /** Whether they are told of signals of this type. */
  readonly hears: (type: string) => boolean
  readonly visit: Visit
  /** What it travels over; undefined where it does not. */
  readonly answer: ServerResponse | undefined
  /** It has ended, whoever ended it. */
  readonly left: () => void
}

/** A room's events as `text/event-stream`, and between them what is told of it and not stored. */
export class EventStream implements Subscriber {
  readonly #options: EventStreamOptions
  readonly #subscription: Subscription
  readonly #heartbeat: NodeJS.Timeout
  #out!: ReadableStreamDefaultController<Uint8Array>
  #written = 0
  /** What was taken of it until the last heartbeat. */
  #takenBefore = -1
  #open = true
  readonly #body: ReadableStream<Uint8Array>

  /** @throws SynclineError `position-invalid` where the room has no such position yet */
  constructor(options: EventStreamOptions) {
    this.#options = options
    const { channels, name, room, after, visit } = options
    this.#body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#out = controller
        },
        pull: () => {
          if (this.ready) this.#subscription.wake()
        },
        cancel: () => this.#leave(),
      },
      new ByteLengthQueuingStrategy({ highWaterMark: COMFORTABLE }),
    )
    this.#write(encode(`retry: ${RETRY}\n\n`))
    this.#subscription = channels.subscribe(room, this, after)
    channels.streams.add(name, this)
    this.#heartbeat = setInterval(() => this.#beat(), HEARTBEAT)
    this.#heartbeat.unref()
    visit.ended.addEventListener('abort', () => this.#end(visit.ended.reason))
    // Nobody cancels a body that was never read from.
    options.answer?.once('close', () => this.#leave())
    if (options.answer?.closed === true) this.#leave()
  }

  get response(): Response {
    return new Response(this.#body, { headers: HEADERS })
  }

  /** In bytes. */
  get #taken(): number {
    return this.#written - (COMFORTABLE - (this.#out.desiredSize ?? COMFORTABLE))
  }

  get ready(): boolean {
    return (this.#out.desiredSize ?? 0) > 0
  }

  mayRead(type: string): boolean {
    return this.#options.mayRead(type)
  }

  events(events: readonly StoredEvent[]): void {
    for (const piece of piecesOf(events)) this.#write(piece)
  }

  reset(after: Seq): void {
    this.#write(encode(`id: ${after}\nevent: reset\ndata: {"after":${after}}\n\n`))
  }

  resumed(head: Seq): void {
    this.#write(encode(`id: ${head}\nevent: resumed\ndata: {"head":${head}}\n\n`))
  }

  /** Has no position: who comes back is not told again. */
  signal(type: string, data: string): void {
    if (this.ready && this.#options.hears(type)) this.#write(encode(`event: ${type}\ndata: ${data}\n\n`))
  }

  failed(error: unknown): void {
    this.#end(error)
  }

  #write(chunk: Uint8Array): void {
    if (!this.#open) return
    this.#written += chunk.length
    this.#out.enqueue(chunk)
  }

  #beat(): void {
    if (!this.ready && this.#taken === this.#takenBefore) this.#options.visit.tooSlow()
    else this.#write(encode(':\n\n'))
    this.#takenBefore = this.#taken
  }

  /** Says why, in a last event; what is cut for good, is cut. */
  #end(reason: unknown): void {
    if (!this.#open) return
    const { code, message, retryable } =
      reason instanceof SynclineError ? reason : new SynclineError('internal', undefined, { cause: reason })
    this.#write(encode(`event: end\ndata: ${JSON.stringify({ code, message, retryable })}\n\n`))
    this.#leave()
    const { answer } = this.#options
    // Not ended before it is cut: a connection that is free again may be somebody else's, behind a proxy.
    if (answer !== undefined && CUT.includes(code)) setTimeout(() => reset(answer.socket), CUT_WITHIN).unref()
    else this.#out.close()
  }

  #leave(): void {
    if (!this.#open) return
    this.#open = false
    clearInterval(this.#heartbeat)
    this.#subscription.end()
    const { channels, name, visit, left } = this.#options
    channels.streams.remove(name, this)
    visit.leave()
    left()
  }
}

const encoder = new TextEncoder()
const encode = (text: string): Uint8Array => encoder.encode(text)

const pieces = new WeakMap<readonly StoredEvent[], readonly Uint8Array[]>()

/** Encoded once for everybody who is told the same. */
function piecesOf(events: readonly StoredEvent[]): readonly Uint8Array[] {
  const known = pieces.get(events)
  if (known !== undefined) return known
  const blocks = events.map(
    (event) => `id: ${event.seq}\nevent: ${event.type}\ndata: ${encodeEvent(event)}\n\n`,
  )
  const text = encode(blocks.join(''))
  const made: Uint8Array[] = []
  for (let at = 0; at < text.length; at += PIECE) made.push(text.subarray(at, at + PIECE))
  pieces.set(events, made)
  return made
}

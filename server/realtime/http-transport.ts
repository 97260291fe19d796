import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { SynclineError } from '../errors.ts'
import type { Logger } from '../observe/log.ts'
import { SYNC_HTTP_PATH } from '../protocol.ts'
import {
  BATCH_FRAMES,
  BATCH_HEADER,
  isOneRecord,
  POLL_HEADER,
  RECEIVED_HEADER,
  type Record,
  RecordReader,
  RecordType,
  SESSION_HEADER,
} from '../records.ts'
import type { Caller, Entrance } from './entrance.ts'
import { HttpWire } from './http-wire.ts'
import { logRefusal, REFUSED, toSynclineError } from './refusal.ts'

export interface HttpTransportOptions {
  readonly entrance: Entrance
  readonly logger: Logger
  readonly maxFrameBytes: number
  readonly addressOf: (request: IncomingMessage) => string
  readonly refuseUpgrade: (
    request: IncomingMessage,
  ) => SynclineError | undefined | Promise<SynclineError | undefined>
  readonly corsOrigin: (origin: string) => string | null
}

/** A client is asked so often whether it is there, and let go where nothing came until the next time; in ms, as for WebSockets. */
const SILENCE = 12_000
/** A batch of several frames has no more than this, in bytes; what is larger is one frame. */
const BATCH_BYTES = 256 * 1024
/** Frames of a batch that are handed over in one turn; between two turns the client may be told to wait. */
const SLICE = 50
/** A WebSocket's close code for a message that was too large. */
const TOO_LARGE = 1009

const ANSWER_HEADERS = {
  // Whoever gathers or compresses it on the way holds back what others type.
  'Cache-Control': 'no-store, no-transform',
  'X-Accel-Buffering': 'no',
  'X-Content-Type-Options': 'nosniff',
}

/** One client's frames, over as many requests as it takes. */
interface Line {
  readonly wire: HttpWire
  readonly caller: Caller
  /** The last batch that was taken, or is being taken. */
  batch: number
  /** Settles when all that came until now was handed over. */
  taking: Promise<void>
  /** Something came since it was last asked whether it is there. */
  heard: boolean
  /** The request that brings frames now. */
  bringing: IncomingMessage | undefined
}

/** Sessions over HTTP: an answer that goes on brings frames down, requests bring them up. */
export class HttpTransport {
  readonly #options: HttpTransportOptions
  /** By their ids, which nobody else can guess. */
  readonly #lines = new Map<string, Line>()
  #draining = false

  constructor(options: HttpTransportOptions) {
    this.#options = options
  }

  /** Sessions that are open. */
  get size(): number {
    return this.#lines.size
  }

  /** Answers a request of its own; false leaves it to others. */
  request(request: IncomingMessage, response: ServerResponse): boolean {
    const path = (request.url ?? '').split('?', 1)[0]
    if (path !== SYNC_HTTP_PATH) return false
    response.on('error', () => response.destroy())
    const line = this.#lineOf(request)
    this.#answer(line, request, response).catch((error: unknown) => {
      const broken = request.destroyed && !request.complete
      if (response.headersSent || broken) response.destroy()
      else this.#refuse(response, toSynclineError(error), line !== undefined)
    })
    return true
  }

  drain(): void {
    this.#draining = true
  }

  closeAll(code: number, reason: string): void {
    for (const { caller } of [...this.#lines.values()]) caller.close(code, reason)
  }

  #lineOf({ headers: { [SESSION_HEADER]: id } }: IncomingMessage): Line | undefined {
    return typeof id === 'string' ? this.#lines.get(id) : undefined
  }

  async #answer(line: Line | undefined, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { origin } = request.headers
    for (const [name, value] of Object.entries(ANSWER_HEADERS)) response.setHeader(name, value)
    const allowed = origin === undefined ? null : this.#options.corsOrigin(origin)
    if (allowed !== null)
      response.setHeader('Access-Control-Allow-Origin', allowed).setHeader('Vary', 'Origin')
    if (request.method === 'OPTIONS') {
      preflight(response)
      return
    }
    if (line === undefined) await this.#open(request, response)
    else if (request.method === 'GET') await this.#attach(line, request, response)
    else if (request.method === 'POST') await this.#bring(line, request, response)
    else throw new SynclineError('route-not-found')
  }

  async #open(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (this.#draining) throw new SynclineError('shutting-down')
    const refusal = await this.#options.refuseUpgrade(request)
    if (refusal !== undefined) throw refusal
    if (request.headers[SESSION_HEADER] !== undefined) throw new SynclineError('session-ended')
    if (request.method !== 'POST') throw new SynclineError('route-not-found')
    // Asked again: nobody is let in behind the back of a stop that began meanwhile.
    if (this.#draining) throw new SynclineError('shutting-down')
    const id = randomBytes(18).toString('base64url')
    const wire = new HttpWire({
      drained: () => caller.drained(),
      gone: (code, reason) => {
        clearInterval(watch)
        this.#lines.delete(id)
        // What has come of it would be kept for as long as the rest is held back.
        line.bringing?.destroy()
        caller.closed(code, reason)
      },
    })
    const caller = this.#options.entrance.open(wire, this.#options.addressOf(request))
    const line: Line = {
      wire,
      caller,
      batch: 0,
      taking: Promise.resolve(),
      heard: true,
      bringing: undefined,
    }
    const watch = setInterval(() => {
      if (!line.heard && line.bringing === undefined) wire.cut()
      line.heard = false
      wire.ping()
    }, SILENCE)
    watch.unref()
    this.#lines.set(id, line)
    response.writeHead(201, { 'Content-Type': 'application/json' }).end(JSON.stringify({ session: id }))
  }

  /** Frames go down over this answer from now on. */
  async #attach(line: Line, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { caller, wire } = line
    line.heard = true
    caller.count()
    await wire.soonFlowing()
    if (response.destroyed) return
    const poll = request.headers[POLL_HEADER] !== undefined
    const attached = wire.attach(response, poll, numberIn(request, RECEIVED_HEADER))
    if (!attached) throw new SynclineError('session-ended')
  }

  /** Frames come up. A batch is taken once, however often it is sent. */
  async #bring(line: Line, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { caller, wire } = line
    line.heard = true
    caller.count()
    wire.acknowledge(numberIn(request, RECEIVED_HEADER))
    // One at a time: whoever sends the next has given up on this one.
    line.bringing?.destroy()
    line.bringing = request
    try {
      await wire.flowing()
      const body = await this.#body(line, request)
      if (body !== undefined) this.#begin(line, numberIn(request, BATCH_HEADER), body)
      // Also where it came before: it may still be on its way in.
      await line.taking
      // Who sends too much hears late that it has come, and sends the next later.
      await wire.flowing()
      response.writeHead(204).end()
    } finally {
      if (line.bringing === request) line.bringing = undefined
    }
  }

  /** What the request brings; undefined where the session ends meanwhile, as it does where more comes than may at once. */
  async #body({ wire, caller }: Line, request: IncomingMessage): Promise<Uint8Array | undefined> {
    const most = this.#options.maxFrameBytes + BATCH_BYTES
    const chunks: Buffer[] = []
    let size = 0
    for await (const chunk of request as AsyncIterable<Buffer>) {
      size += chunk.length
      wire.count(chunk.length)
      if (size > most) caller.close(TOO_LARGE, '')
      if (wire.ending) return undefined
      chunks.push(chunk)
    }
    return Buffer.concat(chunks)
  }

  /** Takes a batch that has not come before, after all that has; what is none ends the session, and nothing of it is taken. */
  #begin(line: Line, batch: number, body: Uint8Array): void {
    if (batch <= line.batch) return
    const records = batch === line.batch + 1 ? recordsOf(body) : undefined
    if (records === undefined) {
      line.caller.close(REFUSED, 'frame-malformed')
      throw new SynclineError('frame-malformed')
    }
    line.batch = batch
    line.taking = line.taking.then(() => this.#take(line, records))
  }

  async #take({ wire, caller }: Line, records: readonly Record[]): Promise<void> {
    for (const [index, { type, body: frame }] of records.entries()) {
      if (index > 0 && index % SLICE === 0) {
        await nextTurn()
        await wire.flowing()
      }
      if (type === RecordType.close) wire.leave()
      else if (frame.length > this.#options.maxFrameBytes) caller.close(TOO_LARGE, '')
      else caller.receive(frame)
    }
  }

  #refuse(response: ServerResponse, error: SynclineError, ofSession: boolean): void {
    const { code, message, retryable, status, retryAfter } = error
    // A flood is not to fill the disk. A batch that is none ends its session, so it is said once.
    const level = status === 429 || (ofSession && code !== 'frame-malformed') ? 'debug' : 'info'
    logRefusal(this.#options.logger, error, { route: SYNC_HTTP_PATH }, level)
    if (retryAfter !== undefined) response.setHeader('Retry-After', retryAfter)
    response
      .writeHead(status, { 'Content-Type': 'application/json', Connection: 'close' })
      .end(JSON.stringify({ error: { code, message, retryable } }))
  }
}

/** The frames of a batch, and the goodbye; undefined where it is none. */
function recordsOf(body: Uint8Array): readonly Record[] | undefined {
  if (body.length > BATCH_BYTES && !isOneRecord(body)) return undefined
  const reader = new RecordReader()
  const records = reader.read(body)
  const known = records.every(({ type }) => type === RecordType.frame || type === RecordType.close)
  return known && reader.empty && records.length <= BATCH_FRAMES ? records : undefined
}

function preflight(response: ServerResponse): void {
  response
    .writeHead(204, {
      'Access-Control-Allow-Methods': 'GET, POST',
      'Access-Control-Allow-Headers': [
        'Content-Type',
        SESSION_HEADER,
        RECEIVED_HEADER,
        BATCH_HEADER,
        POLL_HEADER,
      ].join(', '),
      'Access-Control-Max-Age': '600',
    })
    .end()
}

/** A whole number of a header; NaN where it is none, which no comparison takes. */
const numberIn = (request: IncomingMessage, name: string): number => {
  const value = request.headers[name]
  return typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN
}

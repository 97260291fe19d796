import { SYNC_HTTP_PATH, SYNC_PATH } from '../../server/protocol.ts'
import {
  BATCH_FRAMES,
  BATCH_HEADER,
  encodeClose,
  encodeRecord,
  joined,
  POLL_HEADER,
  RECEIVED_HEADER,
  RecordReader,
  RecordType,
  readClose,
  readHello,
  SESSION_HEADER,
} from '../../server/records.ts'

/** Nothing came of an answer within so long: something on the way holds it back until it ends. */
const HELLO_LIMIT_MS = 3_000
/** The server says something more often than this. */
const SILENCE_LIMIT_MS = 30_000
const POST_LIMIT_MS = 20_000
/** A line as slow as this still brings a large frame up. */
const SLOWEST_BYTES_PER_MS = 16
/** For so long requests may fail before the session is given up; the server gives it up about then. */
const LOST_AFTER_MS = 15_000
const RETRY_MS = { first: 100, longest: 2_000 }
/** Frames are put together up to this; what is larger goes alone. */
const BATCH_BYTES = 128 * 1024
/** While a large frame comes the server hears so often that it does, in ms: it lets go of whom it has not heard for twelve seconds. */
const COMING_MS = 4_000
/** So much of what came is left unsaid, in bytes: the server keeps it until it hears that it came. */
const UNSAID_BYTES = 32 * 1024
/** What a browser still sends for a page that is going. */
const FAREWELL_BYTES = 32 * 1024
const GOODBYE_LIMIT_MS = 1_000
const ABNORMAL = 1006
const TOO_LARGE = 1009
const TRY_AGAIN = 1013
/** The status of `session-ended`. */
const GONE = 410

/** `idle`: the server answered, and had nothing. */
type Outcome = 'taken' | 'idle' | 'again' | 'over'

/** `wss://host/sync` is `https://host/sync/http`. */
const httpUrl = (url: string): string => {
  const address = new URL(url.replace(/^ws/, 'http'))
  const path = address.pathname.replace(/\/+$/, '')
  address.pathname = path.endsWith(SYNC_PATH)
    ? path.slice(0, -SYNC_PATH.length) + SYNC_HTTP_PATH
    : `${path}/http`
  return address.toString()
}

/**
 * A WebSocket for networks that block WebSockets: frames come in one answer that goes on, and go in requests, one at a
 * time. Where something holds that answer back, each answer ends with the first frames instead. The session outlives
 * the requests: what one of them loses comes again, once and in order.
 */
export class HttpSocket extends EventTarget {
  readonly CONNECTING = 0
  readonly OPEN = 1
  readonly CLOSING = 2
  readonly CLOSED = 3
  readyState = 0
  binaryType = 'arraybuffer'
  readonly url: string
  #session = ''
  #received = 0
  #unsaid = 0
  #outbox: Uint8Array[] = []
  #batch = 0
  #sending = false
  /** The server is to hear how much has come. */
  #say = false
  #polls = false
  #heardAt = Date.now()
  #saidAt = Date.now()
  readonly #ended = new AbortController()

  constructor(url: string | URL) {
    super()
    this.url = httpUrl(String(url))
    void this.#run()
  }

  get bufferedAmount(): number {
    return this.#outbox.reduce((sum, { length }) => sum + length, 0)
  }

  send(data: string | ArrayBufferLike | Blob | ArrayBufferView<ArrayBufferLike>): void {
    if (this.readyState !== this.OPEN) return
    this.#outbox.push(encodeRecord(RecordType.frame, bytesOf(data)))
    this.#send()
  }

  close(code = 1000, reason = ''): void {
    if (this.readyState >= this.CLOSING) return
    if (this.readyState === this.CONNECTING) {
      this.#close(ABNORMAL, '')
      return
    }
    this.readyState = this.CLOSING
    this.#outbox.push(encodeClose({ code, reason }))
    this.#send()
    setTimeout(() => this.#close(code, reason), GOODBYE_LIMIT_MS)
  }

  async #run(): Promise<void> {
    try {
      const answer = await fetch(this.url, {
        method: 'POST',
        redirect: 'error',
        signal: this.#ended.signal,
      })
      const body: unknown = await answer.json()
      if (this.readyState !== this.CONNECTING) return
      const { session, error } = Object(body) as { session?: unknown; error?: { code?: unknown } }
      if (typeof session !== 'string') {
        const code = error?.code
        this.#close(typeof code === 'string' ? TRY_AGAIN : ABNORMAL, typeof code === 'string' ? code : '')
        return
      }
      this.#session = session
    } catch {
      // Told as a WebSocket tells it: closed before it was open.
      this.#close(ABNORMAL, '')
      return
    }
    this.readyState = this.OPEN
    this.#heard()
    this.dispatchEvent(new Event('open'))
    for (let failures = 0; this.readyState === this.OPEN; ) {
      const outcome = await this.#receive()
      if (outcome === 'over') return this.#close(ABNORMAL, '')
      failures = outcome === 'again' ? failures + 1 : 0
      if (outcome !== 'taken' && !(await this.#rest(failures, this.#heardAt))) return
    }
  }

  /** One answer, up to its end. */
  async #receive(): Promise<Outcome> {
    const abort = new AbortController()
    const end = () => abort.abort()
    this.#ended.signal.addEventListener('abort', end)
    const polls = this.#polls
    let heldBack = !polls
    let timer = setTimeout(end, polls ? SILENCE_LIMIT_MS : HELLO_LIMIT_MS)
    const before = this.#received
    try {
      const answer = await fetch(this.url, {
        headers: { ...this.#headers(), ...(polls && { [POLL_HEADER]: '1' }) },
        cache: 'no-store',
        redirect: 'error',
        signal: abort.signal,
      })
      if (!answer.ok || answer.body === null) return this.#notTaken(answer.status)
      const reader = answer.body.getReader()
      const records = new RecordReader()
      let next = Number.NaN
      for (;;) {
        const { done, value } = await reader.read()
        if (done) break
        clearTimeout(timer)
        timer = setTimeout(end, SILENCE_LIMIT_MS)
        heldBack = false
        for (const { type, body } of records.read(value)) {
          if (type === RecordType.hello) next = readHello(body)
          // Somebody else's answer, such as a page to sign in with.
          else if (Number.isNaN(next)) continue
          else if (type === RecordType.ping) this.#tell()
          else if (type === RecordType.close) this.#closedByServer(body)
          else if (type === RecordType.frame) {
            this.#frame(next, body)
            next += 1
          }
        }
        if (Number.isNaN(next)) continue
        this.#heard()
        if (Date.now() - this.#saidAt >= COMING_MS) this.#tell()
      }
      if (this.#received > before) return 'taken'
      return polls && !Number.isNaN(next) ? 'idle' : 'again'
    } catch {
      // An answer that breaks off, or is held back, is asked for again; for how long, #rest knows.
      return 'again'
    } finally {
      clearTimeout(timer)
      this.#ended.signal.removeEventListener('abort', end)
      if (heldBack) this.#polls = true
    }
  }

  #frame(number: number, frame: Uint8Array): void {
    // As a WebSocket that is closing: who answers what still comes would say it on the next connection.
    if (number !== this.#received + 1 || this.readyState !== this.OPEN) return
    this.#received = number
    this.#unsaid += frame.length
    if (this.#unsaid >= UNSAID_BYTES) this.#tell()
    this.dispatchEvent(Object.assign(new Event('message'), { data: frame.slice().buffer }))
  }

  #closedByServer(body: Uint8Array): void {
    const { code, reason } = readClose(body)
    this.#close(code, reason)
  }

  #tell(): void {
    this.#say = true
    this.#send()
  }

  /** What is sent in one turn goes together. */
  #send(): void {
    if (this.#sending) return
    this.#sending = true
    queueMicrotask(() => void this.#empty())
  }

  async #empty(): Promise<void> {
    while ((this.#outbox.length > 0 || this.#say) && this.readyState < this.CLOSED) {
      const records = this.#nextBatch()
      if (records.length > 0) this.#batch += 1
      await this.#deliver(records.length > 0 ? this.#batch : 0, joined(records))
    }
    // In the same turn as the look: what is sent from now on is seen by nobody else.
    this.#sending = false
    if (this.readyState === this.CLOSING) this.#close(1000, '')
  }

  #nextBatch(): readonly Uint8Array[] {
    let size = 0
    const count = this.#outbox.findIndex((record, index) => {
      size += record.length
      return index > 0 && (size > BATCH_BYTES || index === BATCH_FRAMES)
    })
    return this.#outbox.splice(0, count === -1 ? this.#outbox.length : count)
  }

  /** Sends a batch until it is taken: the server takes it once, however often it arrives. */
  async #deliver(batch: number, body: Uint8Array): Promise<void> {
    const began = Date.now()
    for (let failures = 1; this.readyState < this.CLOSED; failures += 1) {
      const outcome = await this.#post(batch, body)
      if (outcome === 'taken') return
      if (outcome === 'over') return this.#close(ABNORMAL, '')
      if (!(await this.#rest(failures, began))) return
    }
  }

  async #post(batch: number, body: Uint8Array): Promise<Outcome> {
    const abort = new AbortController()
    const end = () => abort.abort()
    this.#ended.signal.addEventListener('abort', end)
    const timer = setTimeout(end, POST_LIMIT_MS + body.length / SLOWEST_BYTES_PER_MS)
    this.#say = false
    this.#unsaid = 0
    this.#saidAt = Date.now()
    try {
      const answer = await fetch(this.url, {
        method: 'POST',
        headers: {
          ...this.#headers(),
          [BATCH_HEADER]: String(batch),
          'Content-Type': 'application/octet-stream',
        },
        body: body as Uint8Array<ArrayBuffer>,
        redirect: 'error',
        // A page that goes away still says that it does.
        keepalive: body.length <= FAREWELL_BYTES,
        signal: abort.signal,
      })
      if (answer.status === 413) this.#close(TOO_LARGE, '')
      if (answer.status === 204) return 'taken'
      // Another answer that is well is not the server's.
      return answer.ok ? 'again' : this.#notTaken(answer.status)
    } catch {
      return 'again'
    } finally {
      clearTimeout(timer)
      this.#ended.signal.removeEventListener('abort', end)
    }
  }

  #notTaken(status: number): Outcome {
    if (passes(status)) return 'again'
    // Another node answers, which does not know the session.
    if (status === GONE) this.#close(TRY_AGAIN, 'session-ended')
    return 'over'
  }

  #headers(): Record<string, string> {
    return { [SESSION_HEADER]: this.#session, [RECEIVED_HEADER]: String(this.#received) }
  }

  #heard(): void {
    this.#heardAt = Date.now()
  }

  /** Waits before the next try; false where there is none, since none has done well for long. */
  async #rest(failures: number, since: number): Promise<boolean> {
    if (this.readyState === this.CLOSED) return false
    if (Date.now() - since > LOST_AFTER_MS) {
      this.#close(ABNORMAL, '')
      return false
    }
    const ms = Math.min(RETRY_MS.longest, RETRY_MS.first * 2 ** (failures - 1))
    await new Promise((resolve) => setTimeout(resolve, ms))
    return this.readyState < this.CLOSED
  }

  #close(code: number, reason: string): void {
    if (this.readyState === this.CLOSED) return
    this.readyState = this.CLOSED
    this.#outbox = []
    this.#ended.abort()
    this.dispatchEvent(Object.assign(new Event('close'), { code, reason, wasClean: code !== ABNORMAL }))
  }
}

/** What a proxy says of itself, or a server that is starting: the session may be there again. */
const passes = (status: number): boolean =>
  status === 502 || status === 503 || status === 504 || status === 429

const bytesOf = (data: string | ArrayBufferLike | Blob | ArrayBufferView): Uint8Array => {
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
  if (data instanceof ArrayBuffer) return new Uint8Array(data)
  throw new TypeError('Frames are binary')
}

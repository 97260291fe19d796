import { HocuspocusProvider } from '@hocuspocus/provider'
import type { Awareness } from 'y-protocols/awareness'
import type * as Y from 'yjs'
import { ASK_SEQ } from '../../server/protocol.ts'
import { backoff } from './backoff.ts'
import { type Envelope, readEnvelope } from './envelope.ts'
import type { Link, Member } from './link.ts'
import { countOn, doubtOthers, loseDoubted } from './people.ts'
import { isTokenRefusal, meansMove, refusal, refusalFrom, refusalInEnvelope } from './refusal.ts'
import type { SaveTracker } from './save-tracker.ts'
import type { Refusal, RoomStatus } from './state.ts'
import type { Tokens } from './tokens.ts'

export interface SessionOptions {
  readonly name: string
  readonly doc: Y.Doc
  readonly awareness: Awareness
  readonly link: Link
  readonly tokens: Tokens
  readonly tracker: SaveTracker
  /** What a join waits for, so that it can tell the server all that is kept here in one go. */
  readonly ready: () => Promise<void>
  readonly changed: () => void
  /** An envelope of the server's. */
  readonly said: (envelope: Envelope) => void
}

type Phase =
  /** No socket. */
  | 'away'
  | 'joining'
  | 'joined'
  /** The server said "later": a timer runs. */
  | 'waiting'
  | 'refused'
  | 'ended'

/** For the server to say who this is. */
const JOIN_LIMIT_MS = 10_000
/**
 * For the document to come after that: nothing tells how much of one frame is here, and the largest is 64 MiB, over nine
 * minutes at 1 Mbit/s. Nobody waits so long on a connection that is gone: what this side says every few seconds breaks it.
 */
const DOCUMENT_LIMIT_MS = 600_000
/** A session that lasted this long was a good one: the next failure is a first failure. */
const STEADY_MS = 10_000
/** Whoever asks at each refusal, as a listener may, waits in between as the room does by itself. */
const RETRY_AT_ONCE_EVERY_MS = 5_000
const TOKENS_TO_TRY = 5
/** Where the log stands is shown on hover: no need to ask at every keystroke. */
const ASK_SEQ_AFTER_MS = 1_000

/** Leaves it to the session who is still there when a socket closes. */
class RoomProvider extends HocuspocusProvider {
  override onClose(): void {
    this.isAuthenticated = false
    this.synced = false
  }
}

/** One room's conversation with the server: joins on every new socket, and never stays stuck in between. */
export class Session implements Member {
  readonly #options: SessionOptions
  readonly #provider: RoomProvider
  #phase: Phase = 'away'
  #attempt = 0
  #failures = 0
  #tokensRefused = 0
  #joinedAt = 0
  #retriedAt = 0
  /** It was joined, and another socket takes over at once. */
  #moving = false
  #timer: ReturnType<typeof setTimeout> | undefined
  #token = ''
  #announced: Refusal | undefined
  #refusal: Refusal | undefined
  #readOnly = false
  #synced = false
  #savedSeq: number | undefined
  #seqTimer: ReturnType<typeof setTimeout> | undefined

  constructor(options: SessionOptions) {
    this.#options = options
    this.#provider = new RoomProvider({
      name: options.name,
      document: options.doc,
      awareness: options.awareness,
      websocketProvider: options.link.socket,
      token: () => this.#tokenFor(),
    })
    this.#provider.on('authenticated', ({ scope }: { scope: string }) => this.#authenticated(scope))
    this.#provider.on('synced', () => this.#joined())
    this.#provider.on('authenticationFailed', ({ reason }: { reason: string }) => {
      this.#fail(refusalFrom(reason) ?? refusal('internal'))
    })
    this.#provider.on('stateless', ({ payload }: { payload: string }) => this.#stateless(payload))
    this.#provider.on('close', ({ event }: { event: { reason?: string } }) =>
      this.#roomClosed(event.reason ?? ''),
    )
  }

  get status(): RoomStatus {
    if (this.#phase === 'joined' || this.#moving) return 'online'
    if (this.#phase === 'refused') return 'refused'
    if (this.#phase === 'joining') return this.#refusal === undefined ? 'connecting' : 'offline'
    if (this.#phase === 'away' && this.#options.link.status !== 'offline') return 'connecting'
    return 'offline'
  }

  get joined(): boolean {
    return this.#phase === 'joined'
  }

  get receiving(): boolean {
    return this.#phase === 'joining' && this.#provider.isAuthenticated
  }

  get refusal(): Refusal | undefined {
    return this.#refusal
  }

  get readOnly(): boolean {
    return this.#readOnly
  }

  get synced(): boolean {
    return this.#synced
  }

  get savedSeq(): number | undefined {
    return this.#savedSeq
  }

  /** The provider's own updates are the server's; every other origin is this device. */
  brought(origin: unknown): boolean {
    return origin === this.#provider
  }

  start(): void {
    this.#options.link.add(this)
  }

  opened(): void {
    if (this.#phase === 'away') this.#join()
  }

  closed(refused = this.#announced, moving = false): void {
    // The socket's own close reason may be about another room on it, so only what this room was told counts.
    if (this.#phase !== 'joined' && this.#phase !== 'joining') this.#options.changed()
    else if (refused !== undefined && !(moving && meansMove(refused))) this.#fail(refused)
    else {
      this.#moving = moving && (this.#moving || this.#phase === 'joined')
      this.#enter('away', true)
    }
  }

  stranded(): void {
    this.#moving = false
    this.#options.tracker.stranded()
    loseDoubted(this.#options.awareness, this.#provider)
    this.#options.changed()
  }

  /** Joins now, whatever kept the room from it, or from changing it; asked again shortly after, when it is due. */
  retry(): void {
    const { tokens, tracker } = this.#options
    const restricted = this.#phase === 'joined' && (this.#readOnly || tracker.refused)
    if (!restricted && this.#phase !== 'refused' && this.#phase !== 'waiting') return
    if (this.#token !== '') tokens.refuse(this.#token)
    if (Date.now() - this.#retriedAt > RETRY_AT_ONCE_EVERY_MS) {
      this.#retriedAt = Date.now()
      this.#refusal = undefined
      this.#rejoin()
    } else if (this.#phase !== 'waiting') this.#retryLater(this.#refusal, false)
    tracker.askAgain()
  }

  /** Joins anew: what the server lacks is found out afresh. */
  resync(): void {
    if (this.#phase === 'joined' || this.#phase === 'joining') this.#rejoin()
  }

  /** A newer token is there. */
  tokenRenewed(): void {
    const token = this.#options.tokens.current
    if (token === undefined || token === this.#token || this.#phase !== 'joined') return
    // Its only failure is that of the token function above, which has a token by now.
    void this.#provider.sendToken()
  }

  /** Everything is saved: soon asks for the number that stands for it. */
  askSeq(): void {
    this.#seqTimer ??= setTimeout(() => {
      this.#seqTimer = undefined
      this.say(ASK_SEQ)
    }, ASK_SEQ_AFTER_MS)
  }

  /** Sends a stateless message, where the room is joined; otherwise it is lost. */
  say(message: string): void {
    if (this.#phase === 'joined') this.#provider.sendStateless(message)
  }

  end(): void {
    clearTimeout(this.#seqTimer)
    this.#enter('ended', false)
    this.#provider.destroy()
    this.#options.link.delete(this)
  }

  #join(): void {
    this.#enter('joining', false)
    const attempt = this.#attempt
    this.#ask().then(
      (token) => {
        if (attempt !== this.#attempt || !this.#options.link.isOpen) return
        this.#token = token
        this.#awaitAnswer(JOIN_LIMIT_MS)
        this.#options.link.join(this, this.#provider, this.#options.tracker)
      },
      (error: unknown) => {
        if (attempt !== this.#attempt) return
        const detail = error instanceof Error ? error.message : String(error)
        this.#retryLater({
          code: 'token-missing',
          message: `No token could be had: ${detail}`,
          retryable: true,
        })
      },
    )
  }

  async #ask(): Promise<string> {
    await this.#options.ready()
    await this.#options.link.farewell(this.#options.name)
    return this.#options.tokens.get()
  }

  /** At a join the provider gives what was asked for then; on a connection that stands, the server wants a newer one. */
  async #tokenFor(): Promise<string> {
    if (this.joined || this.receiving) this.#token = await this.#options.tokens.newer(this.#token)
    return this.#token
  }

  #authenticated(scope: string): void {
    this.#readOnly = scope === 'readonly'
    if (this.receiving) this.#awaitAnswer(DOCUMENT_LIMIT_MS)
    this.#options.changed()
  }

  #joined(): void {
    if (this.#phase !== 'joining') return
    this.#joinedAt = Date.now()
    this.#tokensRefused = 0
    this.#refusal = undefined
    this.#synced = true
    this.#enter('joined', false, true)
    this.tokenRenewed()
  }

  #stateless(payload: string): void {
    const envelope = readEnvelope(payload)
    if (envelope === undefined) return
    if (envelope.type === 'saved' && typeof envelope.seq === 'number') {
      this.#savedSeq = envelope.seq
      this.#options.changed()
    }
    // The room is closed right after; this is only the longer word for it.
    this.#announced = refusalInEnvelope(envelope) ?? this.#announced
    if (this.#phase === 'joined') this.#options.said(envelope)
  }

  #roomClosed(reason: string): void {
    // A closed socket is reported by the link, to all of its rooms.
    if (!this.#options.link.isOpen || (this.#phase !== 'joined' && this.#phase !== 'joining')) return
    const refused = this.#announced ?? refusalFrom(reason)
    if (refused !== undefined) this.#fail(refused)
    else this.#retryLater(undefined)
  }

  /** The server has ended the session, and said why. */
  #fail(refused: Refusal): void {
    const { tokens, link } = this.#options
    if (meansMove(refused) && link.move()) return
    if (isTokenRefusal(refused.code) && tokens.renewable && this.#tokensRefused < TOKENS_TO_TRY) {
      this.#tokensRefused += 1
      tokens.refuse(this.#token)
      // The first one is only a token that ran out unnoticed: nothing to trouble anybody with.
      const unnoticed = this.#tokensRefused === 1 && refused.code !== 'revoked'
      this.#retryLater(unnoticed ? undefined : { ...refused, retryable: true })
    } else if (refused.retryable && !isTokenRefusal(refused.code)) {
      this.#retryLater(refused)
    } else {
      this.#refusal = refused
      this.#enter('refused', true)
    }
  }

  #awaitAnswer(limit: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#unanswered(), limit)
  }

  #unanswered(): void {
    const { link } = this.#options
    // The answer is behind the document of another room.
    if (!this.receiving && link.receiving) this.#awaitAnswer(JOIN_LIMIT_MS)
    // Otherwise the link closes the socket, and the next one is joined as any other.
    else if (!link.unanswered()) this.#retryLater(this.#refusal, false)
  }

  #retryLater(refused: Refusal | undefined, endedByServer = true): void {
    if (Date.now() - this.#joinedAt > STEADY_MS && this.#phase === 'joined') this.#failures = 0
    this.#refusal = refused
    this.#enter('waiting', endedByServer)
  }

  #rejoin(): void {
    if (this.#options.link.isOpen) this.#join()
    else this.#enter('away', true)
  }

  /** Leaves one phase for another: no timer, answer or session of the old one is left behind. */
  #enter(phase: Phase, endedByServer: boolean, keepSession = false): void {
    this.#attempt += 1
    clearTimeout(this.#timer)
    // Before anybody hears of the wait: who answers it with `retry()` ends it, and the timer with it.
    if (phase === 'waiting') {
      this.#timer = setTimeout(() => this.#rejoin(), backoff(this.#failures))
      this.#failures += 1
    }
    this.#announced = undefined
    this.#phase = phase
    if (phase !== 'away' && phase !== 'joining') this.#moving = false
    if (!this.#moving) this.#options.tracker.stranded()
    if (!keepSession) {
      this.#options.link.part(this.#provider, this.#options.tracker, endedByServer)
      countOn(this.#options.awareness)
      doubtOthers(this.#options.awareness)
      // Over a move they stay as they were, for as long as that may take.
      if (!this.#moving) loseDoubted(this.#options.awareness, this.#provider)
    }
    this.#options.changed()
  }
}

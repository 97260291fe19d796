import type { Connection, Document, WebSocketLike } from '@hocuspocus/server'
import { isAdministrator } from '../access/grants.ts'
import type { Identity } from '../access/identity.ts'
import type { Limits } from '../config.ts'
import { ERRORS, type ErrorCode, isErrorCode, SynclineError } from '../errors.ts'
import type { Logger } from '../observe/log.ts'
import { Admission } from './admission.ts'
import { Ahead } from './ahead.ts'
import { Brake } from './brake.ts'
import type { Connections, Socket } from './connections.ts'
import { FirstQuestions } from './first-questions.ts'
import type { FirstSync } from './first-sync.ts'
import { addressOf, isSyncStep2, readDenial, SESSION_ID } from './frames.ts'
import { answered, RESTARTS } from './handover.ts'
import { boundQueue } from './inbound-queue.ts'
import { Meter } from './meter.ts'
import { OwedHere } from './owed.ts'
import type { SocketPresence } from './presence.ts'
import { logRefusal, REFUSED, refusalOf, rejectConnection } from './refusal.ts'
import { CLOSED, OPEN, sizeOf, type Wire } from './wire.ts'

/** What a connection's hooks find in their context: the WebSocket that they came over. */
export interface SocketContext {
  readonly session: Session
  /** Of the frame that began it. */
  readonly address: string
}

export interface SessionOptions {
  readonly wire: Wire
  /** Where it comes from. */
  readonly address: string
  readonly firstSync: FirstSync
  readonly connections: Connections
  readonly limits: Limits
  readonly logger: Logger
  /** Whether a connection that stands may still read its room. */
  readonly mayAsk: (connection: Connection) => boolean
  readonly presence: SocketPresence
  readonly committed: (document: Document) => Promise<unknown>
}

/** While more than this waits to be sent, no further document is put behind it, in bytes. */
const COMFORTABLE = 1024 * 1024
/** What a client may send before its first valid token, in bytes. */
const MAX_UNAUTHENTICATED_BYTES = 1024 * 1024
/** Messages that a join counts for: it takes as much of the server as so many edits. */
const JOIN_MESSAGES = 20
/** WebSocket close code "try again later". */
export const TRY_AGAIN = 1013
/** How long a client may take to answer that its WebSocket is being closed, in ms. */
export const CLOSE_WITHIN = 2_000
/** The same where no byte may reach it after a second; slow networks then miss the reason, not the end. */
const CUT_WITHIN = 400
const CUT: readonly ErrorCode[] = ['revoked', 'token-expired']

/** With what Hocuspocus closes a WebSocket that sent more than it keeps for rooms that are not open yet. */
const OVERFLOW = 'Reset Connection'

/**
 * One WebSocket as Hocuspocus sees it: its rooms, the first questions that wait for a room to open, and how much
 * it may ask of the server. A client that sends too much is read from more slowly, never cut off for it; one
 * that reads too slowly is.
 */
export class Session implements WebSocketLike, Socket {
  readonly address: string
  readonly #options: SessionOptions
  readonly #wire: Wire
  readonly #brake: Brake
  readonly #rooms = new Map<string, Connection>()
  readonly #admissions = new Set<Admission>()
  readonly #deadline: NodeJS.Timeout
  readonly #stopCounting: () => void
  readonly #questions: FirstQuestions
  readonly #meter: Meter
  readonly #drainListeners = new Set<() => void>()
  readonly #ahead = new Ahead()
  /** Whole documents, which may wait to be sent over what may wait otherwise. */
  readonly #owed = new OwedHere()
  /** How many bytes waited when something was sent last. */
  #waited = 0
  #open = true
  /** It is being told why it is closed. */
  #ending = false

  /** @throws SynclineError `too-many-connections` */
  constructor(options: SessionOptions) {
    const { wire, limits } = options
    this.address = options.address
    this.#options = options
    this.#wire = wire
    this.#brake = new Brake(wire)
    this.#meter = new Meter(limits, this.#brake, (limit) => this.#slowed(limit))
    this.#questions = new FirstQuestions({
      rooms: this.#rooms,
      firstSync: options.firstSync,
      mayAsk: options.mayAsk,
      maySend: () => this.comfortable && !this.#owed.full,
      applied: (ms, now) => this.applied(ms, now),
      failed: (error) => this.refuse(error),
    })
    options.connections.open(this)
    const late = () => this.refuse(new SynclineError('authentication-timeout'))
    this.#deadline = setTimeout(late, limits.authenticateWithin)
    this.#deadline.unref()
    const flooded = () => this.refuse(new SynclineError('rate-limited'))
    this.#stopCounting = wire.limit(MAX_UNAUTHENTICATED_BYTES, flooded)
  }

  get admissions(): ReadonlySet<Admission> {
    return this.#admissions
  }

  /** Known here, since it is asked twice for every frame that goes out. */
  get readyState(): number {
    return this.#open ? OPEN : CLOSED
  }

  close(code?: number, reason = ''): void {
    if (!this.#open) return
    if (reason === OVERFLOW) this.refuse(new SynclineError('rate-limited'))
    else this.#end(code, reason, CLOSE_WITHIN)
  }

  /** Ends the WebSocket, and tells those rooms of it why; the others come back on the next one. */
  refuse(error: SynclineError, admissions: Iterable<Admission> = this.#admissions): void {
    if (!this.#open) {
      // It is being closed for another reason, and might still be sent what waits.
      if (CUT.includes(error.code)) this.#wire.cut()
      return
    }
    const ended = [...admissions]
    logRefusal(this.#options.logger, error, {
      address: this.address,
      user: ended[0]?.identity.user,
      room: ended[0]?.room,
    })
    this.#ending = true
    for (const { connection } of ended) if (connection !== undefined) rejectConnection(connection, error)
    const within = CUT.includes(error.code) ? CUT_WITHIN : CLOSE_WITHIN
    this.#end(error.retryable ? TRY_AGAIN : REFUSED, error.code, within)
  }

  async move(): Promise<void> {
    await this.#brake.restUntil(answered(this.#rooms.values(), this.#options.committed))
    if (!this.#open) return
    this.#options.presence.move()
    this.#end(RESTARTS, 'shutting-down', CLOSE_WITHIN)
  }

  /** The WebSocket is gone, whoever closed it. */
  closed(): void {
    this.#open = false
    clearTimeout(this.#deadline)
    this.#stopCounting()
    this.#owed.closed()
    this.#brake.release()
    for (const admission of this.#admissions) admission.left()
    this.#options.connections.close(this)
    this.#admissions.clear()
  }

  /**
   * A denial that passes closes the WebSocket once it is sent: a provider does not ask again on an open one
   * until its own timer of 30 s, but is back a second after it closed.
   */
  send(data: Parameters<WebSocketLike['send']>[0]): void {
    if (!this.#open) return
    const document = data instanceof Uint8Array && isSyncStep2(data)
    if (document && this.#owed.full) {
      // Nothing is asked of it while they are owed so much: it was decided about anew, for several at a time.
      this.refuse(new SynclineError('slow-reader'))
      return
    }
    const before = document ? this.#wire.waiting : 0
    const waiting = this.#wire.send(data)
    this.#waited = waiting
    if (document) this.#owed.add(this.#wire.waiting - before)
    const bound = this.#options.limits.outboundBytes + this.#owed.bytes
    if (waiting > bound && waiting - sizeOf(data) > bound && !this.#ending) {
      this.refuse(new SynclineError('slow-reader'))
      return
    }
    const denied = data instanceof Uint8Array ? readDenial(data) : undefined
    if (denied === undefined) return
    this.#denied(addressOf(data as Uint8Array))
    if (denied === 'shutting-down') void this.move()
    else if (isErrorCode(denied) && ERRORS[denied].retryable) this.close(TRY_AGAIN, denied)
  }

  /** All that waited has been sent. */
  drained(): void {
    this.#owed.taken()
    for (const listener of this.#drainListeners) listener()
    this.#questions.answer()
    this.#options.presence.drained()
  }

  /** Calls back when all that waited has been sent. Returns what stops it. */
  onDrained(listener: () => void): () => void {
    this.#drainListeners.add(listener)
    return () => this.#drainListeners.delete(listener)
  }

  /** Whether a frame that came is to be handled. */
  receive(bytes: number): boolean {
    this.charge(1, bytes)
    return this.#open
  }

  /** What it asks for takes as much of the server as so many messages and bytes. */
  charge(messages: number, bytes: number): void {
    this.#meter.charge(messages, bytes)
  }

  /** So much time of a processor was spent on what it sent, in ms. */
  applied(ms: number, now: number): void {
    this.#meter.applied(ms, now)
  }

  keptOut({ user }: Identity): boolean {
    return this.#options.connections.keptOut(user)
  }

  /**
   * Somebody's token was taken: they count from now on, and what is revoked is ended, however long their
   * document loads.
   * @throws SynclineError `session-ended`, `revoked`, `too-many-connections`, `too-many-rooms`
   */
  admit(identity: Identity, at: Pick<Admission, 'room' | 'address'>): Admission {
    // Also where it is only being closed: nobody would read a room over it any more.
    if (!this.#open) throw new SynclineError('session-ended')
    this.#meter.note(JOIN_MESSAGES)
    const { pace, owed } = this.#options.connections.admit(this, identity, at.room)
    this.#authenticated()
    this.#ahead.forget(at.address)
    this.#owed.belongs(owed, () => this.#questions.answer())
    if (isAdministrator(identity.grants)) this.#meter.unlimited()
    else this.#meter.belongs(pace)
    const admission = new Admission(at, identity, (ended, error) => this.refuse(error, [ended]))
    this.#admissions.add(admission)
    return admission
  }

  /**
   * A newer token came over a connection.
   * @throws SynclineError `revoked`
   */
  renew(admission: Admission, identity: Identity): void {
    this.#options.connections.check(identity, admission.room)
    admission.renewed(identity)
  }

  /**
   * A room has opened for this WebSocket; whatever it asked before that is answered now.
   * @throws SynclineError `frame-malformed` where its session id is none, `revoked`
   */
  joined(connection: Connection, admission?: Admission): void {
    const { messageAddress: address, sessionId } = connection
    if (sessionId !== null && !SESSION_ID.test(sessionId)) throw new SynclineError('frame-malformed')
    if (admission !== undefined) {
      this.#options.connections.check(admission.identity, admission.room)
      this.#admissions.add(admission)
    }
    this.#authenticated()
    boundQueue(connection, this.#options.limits, this.#brake)
    this.#rooms.set(address, connection)
    this.#options.presence.joined(connection, this)
    admission?.joined(connection)
    connection.onClose(() => {
      this.#rooms.delete(address)
      if (admission === undefined) return
      admission.left()
      // Who is refused counts until the WebSocket has really ended: what they were sent may still wait.
      if (refusalOf(connection) === undefined) this.#admissions.delete(admission)
    })
    this.#questions.answer([address])
  }

  /** The room was left, or denied, before it had opened. */
  left(admission: Admission): void {
    admission.left()
    this.#admissions.delete(admission)
  }

  /**
   * Takes the frame if it is a first question, or presence; false leaves it to Hocuspocus.
   * @throws SynclineError `rate-limited` where too much came for rooms that nobody has joined
   */
  take(frame: Uint8Array): boolean {
    if (this.#options.presence.take(frame)) return true
    const address = addressOf(frame)
    if (!this.#knows(address)) this.#ahead.came(address, frame.length)
    return this.#questions.take(frame)
  }

  /** Whether the reader keeps up well enough to be sent a whole document, or a page of events. */
  get comfortable(): boolean {
    // Asking the wire takes longer, and all readers of a room are asked for whenever somebody in it moves.
    return this.#waited <= COMFORTABLE || this.#wire.waiting <= COMFORTABLE
  }

  #authenticated(): void {
    clearTimeout(this.#deadline)
    this.#stopCounting()
    this.#options.connections.authenticated(this)
  }

  /** Whether it is of a room that is open, or being opened for somebody whose token was taken. */
  #knows(address: string): boolean {
    if (this.#rooms.has(address)) return true
    for (const admission of this.#admissions) if (admission.address === address) return true
    return false
  }

  #denied(address: string): void {
    this.#ahead.forget(address)
    this.#questions.forget(address)
    for (const admission of this.#admissions) {
      if (admission.address === address && admission.connection === undefined) this.left(admission)
    }
  }

  #slowed(limit: string): void {
    const [admission] = this.#admissions
    this.#options.logger.info(
      { code: 'rate-limited', limit, address: this.address, user: admission?.identity.user },
      'slowed down',
    )
  }

  #end(code: number | undefined, reason: string, within: number): void {
    this.#open = false
    if (isErrorCode(reason)) this.#options.connections.closing(this, reason)
    this.#brake.release()
    this.#wire.close(code, reason, within)
  }
}

/** The WebSocket behind a connection's context, if it is one of the gateway's. */
export function sessionOf(context: unknown): Session | undefined {
  if (typeof context !== 'object' || context === null || !('session' in context)) return undefined
  return context.session instanceof Session ? context.session : undefined
}

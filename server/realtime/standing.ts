import type { Authorizer, Decision } from '../access/authorizer.ts'
import { atLeast, weaker } from '../access/grants.ts'
import type { Identity } from '../access/identity.ts'
import { SynclineError } from '../errors.ts'
import type { Role } from '../protocol.ts'
import { toSynclineError } from './refusal.ts'

/** The application is asked about a connection that stands once in this time at most, in ms. */
const SOONEST = 1_000
/** The first and the longest wait between questions to an application that is away, in ms. */
const RETRY = { first: 1_000, longest: 30_000 }
/** How long a connection stands on a decision that has ended while the application is away, in ms. */
const STANDS_FOR = 10 * 60_000
/** As long as the keys of tokens cannot be had, in ms: not sooner than they are asked for again. */
const ASK_FOR_TOKEN_AFTER = 6_000

export const isOutage = (error: unknown): boolean =>
  error instanceof SynclineError && error.code === 'authorization-unavailable'

/** What stands and falls with it: a connection of Hocuspocus, or a request that stays open. */
export interface Seat {
  /** Absent where nothing is ever changed over it. */
  readOnly?: boolean
  requestToken(): void
  onClose(listener: () => void): unknown
}

export interface StandingOptions {
  readonly authorizer: Authorizer
  readonly room: string
  readonly identity: Identity
  readonly decision: Decision
  /** The authorizer's, from before it decided. */
  readonly epoch: number
}

/**
 * Somebody in a room, for as long as the connection stands. What they may do is decided again when the decision ends,
 * when they show a new token, and before their next message once the authorizer was told to forget.
 */
export class Standing {
  readonly #authorizer: Authorizer
  readonly #room: string
  #identity: Identity
  #decision: Decision
  #epoch: number
  #seat: Seat | undefined
  #refuse: (error: SynclineError) => void = () => undefined
  #failures = 0
  #timer: NodeJS.Timeout | undefined
  #tokenTimer: NodeJS.Timeout | undefined

  constructor({ authorizer, room, identity, decision, epoch }: StandingOptions) {
    this.#authorizer = authorizer
    this.#room = room
    this.#identity = identity
    this.#decision = decision
    this.#epoch = epoch
  }

  get identity(): Identity {
    return this.#identity
  }

  get role(): Role | undefined {
    return this.#decision.role
  }

  get expired(): boolean {
    return this.#identity.expiresAt <= Date.now()
  }

  /** Whether the decision counts still; asked for every message. */
  get current(): boolean {
    return this.#epoch === this.#authorizer.epoch
  }

  /** From now on decisions that end are renewed; `refuse` is called where the connection must go. */
  begin(seat: Seat, refuse: (error: SynclineError) => void): void {
    this.#seat = seat
    this.#refuse = refuse
    const stop = this.#authorizer.onChanged(this.#identity.user, (room) => {
      if (room === undefined || room === this.#room) this.#ended()
    })
    seat.onClose(() => {
      stop()
      this.#seat = undefined
      clearTimeout(this.#timer)
      clearTimeout(this.#tokenTimer)
    })
    this.#settle()
    // What was changed before this one listened, it was not told of.
    if (!this.current) this.#ended()
  }

  /** Has the client send its token again, in a while. */
  askForToken(): void {
    clearTimeout(this.#tokenTimer)
    this.#tokenTimer = setTimeout(() => this.#seat?.requestToken(), ASK_FOR_TOKEN_AFTER)
    this.#tokenTimer.unref()
  }

  /**
   * Decides again. While the application is away the connection stands on what it said last, for a while.
   * @throws SynclineError with what the client is to be told, where the connection must go.
   */
  async decideAgain(identity: Identity = this.#identity): Promise<void> {
    const { epoch } = this.#authorizer
    const before = this.#identity
    const decision = await this.#ask(identity)
    if (identity === before && this.#identity !== before) return // a newer token was decided on meanwhile
    const role = decision.role
    if (role === undefined) throw new SynclineError('forbidden')
    const changes = this.#seat === undefined || this.#seat.readOnly !== undefined
    if (changes && atLeast(this.#decision.role, 'write') && !atLeast(role, 'write'))
      throw new SynclineError('read-only')
    this.#identity = identity
    this.#decision = decision
    this.#epoch = epoch
    this.#settle()
  }

  async #ask(identity: Identity): Promise<Decision> {
    try {
      const decision = await this.#authorizer.decide(identity, this.#room)
      this.#failures = 0
      return decision
    } catch (error) {
      const { role, until } = this.#decision
      if (!isOutage(error) || Date.now() > until + STANDS_FOR) throw error
      this.#failures += 1
      const most = this.#authorizer.most(identity, this.#room)
      return { ...this.#decision, role: role && most && weaker(role, most) }
    }
  }

  #settle(): void {
    clearTimeout(this.#timer)
    if (this.#seat === undefined) return
    if (this.#seat.readOnly !== undefined) this.#seat.readOnly = !atLeast(this.#decision.role, 'write')
    // What lasts until it is told of was told of, where nobody could say what counts now: that is asked until somebody can.
    if (this.#decision.until === Number.POSITIVE_INFINITY && this.#failures === 0) return
    this.#timer = setTimeout(() => this.#ended(), this.#wait())
    this.#timer.unref()
  }

  #wait(): number {
    if (this.#failures === 0) return Math.max(SOONEST, this.#decision.until - Date.now())
    const wait = Math.min(RETRY.longest, RETRY.first * 2 ** (this.#failures - 1))
    return wait * (0.5 + Math.random())
  }

  #ended(): void {
    this.decideAgain().catch((error: unknown) => this.#refuse(toSynclineError(error)))
  }
}

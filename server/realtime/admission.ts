import type { Connection } from '@hocuspocus/server'
import type { Identity } from '../access/identity.ts'
import { CLOCK_LEEWAY } from '../access/token.ts'
import { SynclineError } from '../errors.ts'

/** The part of a token's life after which its bearer is asked for the next one. */
const ASK_AT = 0.8
/** What setTimeout can hold, in ms. */
const LONGEST_TIMER = 2 ** 31 - 1

/** One person in one room over one WebSocket, from the moment their token is taken until they leave. */
export class Admission {
  readonly room: string
  /** The room's, with the session where there is one: rooms may be joined more than once over a WebSocket. */
  readonly address: string
  readonly #refuse: (admission: Admission, error: SynclineError) => void
  #identity: Identity
  #connection: Connection | undefined
  #timer: NodeJS.Timeout | undefined

  /** `refuse` is to end it, and the WebSocket under it. */
  constructor(
    { room, address }: Pick<Admission, 'room' | 'address'>,
    identity: Identity,
    refuse: (admission: Admission, error: SynclineError) => void,
  ) {
    this.room = room
    this.address = address
    this.#identity = identity
    this.#refuse = refuse
    this.#wait(identity.expiresAt - Date.now(), () => this.#expired())
  }

  get identity(): Identity {
    return this.#identity
  }

  /** Absent while the document is being loaded. */
  get connection(): Connection | undefined {
    return this.#connection
  }

  joined(connection: Connection): void {
    this.#connection = connection
    this.#askLater(Date.now())
  }

  /** A newer token came, of the same person. */
  renewed(identity: Identity): void {
    const longer = identity.expiresAt > this.#identity.expiresAt
    this.#identity = identity
    // One that does not last longer is all that its bearer has: there is no use in asking again.
    if (longer) this.#askLater(Date.now())
    else this.#wait(identity.expiresAt - Date.now(), () => this.#expired())
  }

  left(): void {
    clearTimeout(this.#timer)
  }

  #askLater(now: number): void {
    const { issuedAt, expiresAt } = this.#identity
    const end = expiresAt - CLOCK_LEEWAY * 1000
    const start = issuedAt > 0 ? issuedAt : now
    this.#wait(start + (end - start) * ASK_AT - now, () => {
      this.#wait(expiresAt - Date.now(), () => this.#expired())
      this.#connection?.requestToken()
    })
  }

  #expired(): void {
    this.#refuse(this, new SynclineError('token-expired'))
  }

  #wait(ms: number, then: () => void): void {
    clearTimeout(this.#timer)
    this.#timer =
      ms > LONGEST_TIMER
        ? setTimeout(() => this.#wait(ms - LONGEST_TIMER, then), LONGEST_TIMER)
        : setTimeout(then, Math.max(0, ms))
    this.#timer.unref()
  }
}

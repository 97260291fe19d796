import { SynclineError } from '../../errors.ts'

/** Of the eight turns that a node has among all nodes: whoever has slow ones in so many rooms leaves others theirs. */
const ROOMS_AT_ONCE = 4
/** What waits holds what was sent, of up to a megabyte each. */
const WAITING = { perRoom: 50, perPerson: 50, inAll: 200 }
/** In seconds. */
const RETRY_AFTER = 5

export interface TurnAsked {
  readonly room: string
  readonly user: string
  /** Says that whoever asked has left; without one they wait to the end. */
  readonly signal?: AbortSignal | undefined
}

/** Work on rooms, one at a time in each: two edits that were made for the same state would both bring the same. */
export class RoomTurns {
  readonly #all = { waiting: 0 }
  readonly #people = new Turns(ROOMS_AT_ONCE, WAITING.perPerson, this.#all)
  readonly #rooms = new Turns(1, WAITING.perRoom, this.#all)

  /** @throws SynclineError `history-busy` where too much waits already, `request-abandoned`, and whatever `act` throws */
  take<Result>({ room, user, signal }: TurnAsked, act: () => Promise<Result>): Promise<Result> {
    return this.#people.take(user, signal, () => this.#rooms.take(room, signal, act))
  }
}

/** So many at once under each key, in the order in which they came, and so many that wait for that. */
class Turns {
  readonly #atOnce: number
  readonly #mostWaiting: number
  readonly #lines = new Map<string, { going: number; readonly waiting: Set<() => void> }>()
  /** Of this and of others together. */
  readonly #all: { waiting: number }

  constructor(atOnce: number, mostWaiting: number, all: { waiting: number }) {
    this.#atOnce = atOnce
    this.#mostWaiting = mostWaiting
    this.#all = all
  }

  async take<Result>(
    key: string,
    signal: AbortSignal | undefined,
    act: () => Promise<Result>,
  ): Promise<Result> {
    if (signal?.aborted) throw abandoned()
    const line = this.#lines.get(key) ?? { going: 0, waiting: new Set() }
    this.#lines.set(key, line)
    if (line.going < this.#atOnce) line.going += 1
    else if (line.waiting.size >= this.#mostWaiting || this.#all.waiting >= WAITING.inAll) throw busy()
    else await this.#wait(line.waiting, signal)
    try {
      return await act()
    } finally {
      const [next] = line.waiting
      // Whose turn it is next has the place of this one.
      if (next !== undefined) next()
      else line.going -= 1
      if (line.going === 0) this.#lines.delete(key)
    }
  }

  async #wait(waiting: Set<() => void>, signal: AbortSignal | undefined): Promise<void> {
    const { promise: turn, resolve, reject } = Promise.withResolvers<void>()
    const end = (settle: () => void) => {
      waiting.delete(begin)
      this.#all.waiting -= 1
      signal?.removeEventListener('abort', leave)
      settle()
    }
    const begin = () => end(resolve)
    const leave = () => end(() => reject(abandoned()))
    waiting.add(begin)
    this.#all.waiting += 1
    signal?.addEventListener('abort', leave)
    await turn
  }
}

const abandoned = () => new SynclineError('request-abandoned')
const busy = () => new SynclineError('history-busy', 'too much waits already', { retryAfter: RETRY_AFTER })

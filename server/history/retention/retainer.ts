import type pg from 'pg'
import type { Retention, RetentionRule } from '../../config/retention.ts'
import { SynclineError } from '../../errors.ts'
import type { RoomId } from '../../log/entry.ts'
import { findRoom } from '../../log/rooms.ts'
import { type Cutoffs, dueRooms } from '../../log/thin.ts'
import type { Logger } from '../../observe/log.ts'
import { earlierNow } from '../../storage/clock.ts'
import type { History } from '../history.ts'
import { type Thinned, type ThinOptions, thinRoom } from './retain.ts'

const DAY = 24 * 60 * 60 * 1000
/** The kinds that have no rule of their own. */
const OTHERS = '*'

/** What history keeps of a room beside its log: brought up to date before that is thinned, and read anew after it. */
type Beside = Pick<History, 'index' | 'forget'>

interface RoundOptions {
  readonly signal?: AbortSignal | undefined
  /** Told of each room that could not be thinned. */
  readonly fail?: () => void
}

/** Keeps to the rules of retention: one room at a time, each in a transaction of its own. */
export class Retainer {
  readonly #pool: pg.Pool
  readonly #rules: Retention
  readonly #logger: Logger
  readonly #history: Beside
  /** Dry runs that are going on or wait: nobody has the same one made twice. */
  readonly #planned = new Map<string, Promise<Thinned | undefined>>()
  /** Of which it was said: it stays so, and nobody has to look into it once more at each round. */
  readonly #tooLarge = new Set<RoomId>()
  /** Each waits for the one before it: a thread at a time is all that the machine is asked for. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(pool: pg.Pool, rules: Retention, logger: Logger, history: Beside) {
    this.#pool = pool
    this.#rules = rules
    this.#logger = logger
    this.#history = history
  }

  /** The rule for a room of that name, if there is one. */
  ruleFor(name: string): RetentionRule | undefined {
    const kind = name.slice(0, name.indexOf(':'))
    const named = [kind, OTHERS].find((key) => Object.hasOwn(this.#rules, key))
    return named === undefined ? undefined : this.#rules[named]
  }

  /**
   * Thins what is due of one room, or with `dryRun` says what would become of it; undefined where nothing is due.
   * @throws SynclineError `room-not-found`, `room-deleted`, `room-quarantined`, `room-damaged`
   */
  retain(name: string, options: ThinOptions): Promise<Thinned | undefined> {
    if (!options.dryRun) return this.#retain(name, options)
    const planned =
      this.#planned.get(name) ?? this.#retain(name, options).finally(() => this.#planned.delete(name))
    this.#planned.set(name, planned)
    return planned
  }

  async #retain(name: string, options: ThinOptions): Promise<Thinned | undefined> {
    const room = await findRoom(this.#pool, name)
    if (room === undefined) throw new SynclineError('room-not-found')
    if (room.quarantine !== undefined) throw new SynclineError('room-quarantined')
    const rule = this.ruleFor(name)
    if (rule === undefined) return undefined
    return this.#thin(room.id, name, cutoffsOf(rule, await earlierNow(this.#pool)), options)
  }

  /** Every room in which something is due, one after the other. One that cannot be thinned is logged, and keeps up no other. */
  async *retainAll(
    dryRun: boolean,
    { signal, fail = () => undefined }: RoundOptions = {},
  ): AsyncGenerator<{ readonly room: string; readonly thinned: Thinned }> {
    const now = await earlierNow(this.#pool)
    for (const [kind, rule] of Object.entries(this.#rules)) {
      const named = Object.keys(this.#rules).filter((key) => key !== OTHERS)
      const kinds = kind === OTHERS ? { except: named } : { only: [kind] }
      const cutoffs = cutoffsOf(rule, now)
      const due = await dueRooms(this.#pool, kinds, cutoffs)
      for (const { id, name } of dryRun ? due : fromAnywhere(due)) {
        if (signal?.aborted) return
        try {
          const thinned = await this.#thin(id, name, cutoffs, { dryRun, signal })
          if (thinned !== undefined) yield { room: name, thinned }
        } catch (error) {
          // Nothing was dropped: the room keeps what it has, and is due at the next round.
          if (signal?.aborted) return
          this.#logFailure(id, name, error)
          fail()
        }
      }
    }
  }

  #logFailure(room: RoomId, name: string, error: unknown): void {
    if (!(error instanceof SynclineError && error.code === 'history-too-large')) {
      this.#logger.error({ err: error, room: name }, 'a room could not be thinned')
    } else if (!this.#tooLarge.has(room)) {
      this.#tooLarge.add(room)
      this.#logger.warn({ code: error.code, room: name }, 'a room is too large to be thinned')
    }
  }

  #thin(room: RoomId, name: string, cutoffs: Cutoffs, options: ThinOptions): Promise<Thinned | undefined> {
    const turn = this.#last.then(async () => {
      await this.#history.index(name)
      const thinned = await thinRoom(this.#pool, room, cutoffs, options)
      if (thinned !== undefined && !options.dryRun) await this.#history.forget(room, 'to the end')
      return thinned
    })
    this.#last = turn.catch(() => undefined)
    return turn
  }
}

/** Nodes that begin together do not do each other's work: what one comes to that another has done is not due any more. */
function fromAnywhere<Room>(rooms: readonly Room[]): readonly Room[] {
  const begin = Math.floor(Math.random() * rooms.length)
  return [...rooms.slice(begin), ...rooms.slice(0, begin)]
}

function cutoffsOf({ keystrokes, sessions }: RetentionRule, now: number): Cutoffs {
  const before = (days: number) => now - days * DAY
  return { sessions: before(keystrokes), versions: sessions === undefined ? undefined : before(sessions) }
}

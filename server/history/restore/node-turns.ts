import type pg from 'pg'
import { SynclineError } from '../../errors.ts'
import { openPool } from '../../storage/database.ts'
import { isStorageFailure } from '../../storage/failure.ts'
import { inTransaction, keptOpen } from '../../storage/transaction.ts'
import { within } from '../../within.ts'

/** In how many rooms this node has a turn, or waits for one, at once. */
const AT_ONCE = 8
/** How long another node's turn is waited for, in ms: nearly all are over in a tenth of a second. */
const PATIENCE = 10_000
/** How long turns are waited for at the end, in ms: one whose edit waits for a database that is away ends no sooner than that. */
const CLOSE_WITHIN = 1_000
/** In seconds. */
const RETRY_AFTER = 5

/** By the name, and of no table: what was locked of one would be kept as long as the turn, and hold up a migration. */
const TURN = `select pg_advisory_xact_lock(hashtextextended('syncline.write ' || $1, 0))`

export interface NodeTurnsOptions {
  readonly databaseUrl: string
  readonly atOnce?: number
  readonly patience?: number
}

/** Fails where the turn was lost, with the connection that had it: another node may have begun its own. */
export type Held = () => Promise<unknown>

/**
 * Work on rooms, one at a time in each among all nodes of a database: by a lock that Postgres takes back when the connection
 * ends that holds it, however its process does.
 */
export class NodeTurns {
  /** Not the pool that all else goes through: who waits would take from it what the work that is waited for needs. */
  readonly #pool: pg.Pool
  readonly #patience: number
  #closed = false

  constructor({ databaseUrl, atOnce = AT_ONCE, patience = PATIENCE }: NodeTurnsOptions) {
    this.#pool = openPool(databaseUrl, { max: atOnce, commits: 'soon' })
    this.#patience = patience
  }

  /** @throws SynclineError `history-busy` where no turn comes, `storage-unavailable`, `shutting-down`, and whatever `act` throws */
  async take<Result>(room: string, act: (held: Held) => Promise<Result>): Promise<Result> {
    if (this.#closed) throw new SynclineError('shutting-down')
    try {
      return await inTransaction(this.#pool, async (client) => {
        await client.query(`select set_config('lock_timeout', $1, true)`, [`${this.#patience}`])
        await client.query(TURN, [room]).catch((error: unknown) => {
          throw isRefusedLock(error) ? busy('another node is writing in this room', error) : error
        })
        return keptOpen(
          client,
          act(() => client.query('select 1')),
        )
      })
    } catch (error) {
      if (isFullPool(error)) throw busy('other rooms are being written in', error)
      if (!isStorageFailure(error)) throw error
      throw new SynclineError('storage-unavailable', undefined, { cause: error })
    }
  }

  /** What has a turn then goes on, for as long as its process does. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await within(CLOSE_WITHIN, this.#pool.end())
  }
}

const isRefusedLock = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === '55P03'

/** node-postgres names it by its message alone. */
const isFullPool = (error: unknown): boolean =>
  error instanceof Error && error.message === 'timeout exceeded when trying to connect'

const busy = (detail: string, cause: unknown) =>
  new SynclineError('history-busy', detail, { cause, retryAfter: RETRY_AFTER })

import type pg from 'pg'
import { SynclineError } from '../errors.ts'
import { isStorageFailure } from '../storage/failure.ts'
import type { Identity } from './identity.ts'

/** Names that need not be written again; past that all are forgotten, and each is written once more. */
const MOST_KNOWN = 20_000

/** Writes down what people are called, so that the past can name whoever is not here. */
export class People {
  readonly #pool: pg.Pool
  readonly #known = new Map<string, string>()

  constructor(pool: pg.Pool) {
    this.#pool = pool
  }

  /** Costs nothing where the name is known. @throws SynclineError `storage-unavailable` */
  async remember({ user, name }: Pick<Identity, 'user' | 'name'>): Promise<void> {
    if (this.#known.get(user) === name) return
    try {
      await this.#pool.query(
        `insert into people (id, name) values ($1, $2)
         on conflict (id) do update set name = excluded.name where people.name <> excluded.name`,
        [user, name],
      )
    } catch (error) {
      if (!isStorageFailure(error)) throw error
      throw new SynclineError('storage-unavailable', undefined, { cause: error })
    }
    if (this.#known.size >= MOST_KNOWN) this.#known.clear()
    this.#known.set(user, name)
  }

  /** What these people were last called; those of whom nobody said it are left out. */
  async names(users: ReadonlySet<string>): Promise<Readonly<Record<string, string>>> {
    const { rows } = await this.#pool.query<{ id: string; name: string }>(
      'select id, name from people where id = any($1)',
      [[...users]],
    )
    return Object.fromEntries(rows.map(({ id, name }) => [id, name]))
  }
}

import type pg from 'pg'
import { SynclineError } from '../errors.ts'
import { isStorageFailure } from '../storage/failure.ts'
import type { Identity } from './identity.ts'

/** Names that need not be written again; past that all are forgotten, and each is written once more. */
const MOST_KNOWN = 20_000

// In the order of their ids, so that nodes that write the same people never deadlock; who is known so is not touched.
const WRITE = `
  insert into people (id, name)
  select id, name from unnest($1::text[], $2::text[]) as given(id, name)
  where not exists (select from people p where p.id = given.id and p.name = given.name) order by 1
  on conflict (id) do update set name = excluded.name where people.name <> excluded.name`

/** People who are written together. */
interface Batch {
  readonly names: Map<string, string>
  readonly written: Promise<void>
}

/** Writes down what people are called, so that the past can name whoever is not here. */
export class People {
  readonly #pool: pg.Pool
  readonly #known = new Map<string, string>()
  /** Those who wait for the write that is on its way: of two thousand who come back at once, hundreds at a time. */
  #next: Batch | undefined
  #writing: Promise<unknown> = Promise.resolve()

  constructor(pool: pg.Pool) {
    this.#pool = pool
  }

  /** Costs nothing where the name is known. @throws SynclineError `storage-unavailable` */
  async remember({ user, name }: Pick<Identity, 'user' | 'name'>): Promise<void> {
    if (this.#known.get(user) === name) return
    this.#next ??= this.#begin()
    this.#next.names.set(user, name)
    await this.#next.written
  }

  #begin(): Batch {
    const names = new Map<string, string>()
    const written = this.#writing.then(() => {
      this.#next = undefined
      return this.#write(names)
    })
    this.#writing = written.catch(() => undefined) // whoever waits for it is told
    return { names, written }
  }

  async #write(names: ReadonlyMap<string, string>): Promise<void> {
    try {
      await this.#pool.query(WRITE, [[...names.keys()], [...names.values()]])
    } catch (error) {
      if (!isStorageFailure(error)) throw error
      throw new SynclineError('storage-unavailable', undefined, { cause: error })
    }
    if (this.#known.size + names.size > MOST_KNOWN) this.#known.clear()
    for (const [user, name] of names) this.#known.set(user, name)
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

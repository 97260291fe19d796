import { randomInt } from 'node:crypto'
import type pg from 'pg'

/** The first key of the locks by which processes are known to live. */
const LIFE = 1_818_846_821
/** After a connection that could not be made or was lost, in ms. */
const AGAIN = 1_000
/** How often it is looked whether the connection still stands, in ms, and how long that may take: one that is dead need not say so. */
const LOOK = 10_000
const QUESTION = { text: 'select 1', query_timeout: 3_000 }

/** SQL: whether the process of this number shows that it lives, to everybody in the database. */
export const lives = (process: string): string => `exists (
  select from pg_locks where locktype = 'advisory' and classid = ${LIFE} and objid = ${process}::oid and objsubid = 2
    and database = (select oid from pg_database where datname = current_database()))`

/**
 * Shows that this process lives: by a lock that Postgres takes back when the connection ends that holds it, however the process
 * does. Where the connection is lost, and this process is not, it is taken for dead until that is noticed: for some seconds.
 */
export class LifeSign {
  /** The second key of the lock. */
  readonly process = randomInt(1, 2 ** 31)
  readonly #connect: () => Promise<pg.Client>
  #begun = false
  #timer: NodeJS.Timeout | undefined
  #looks: NodeJS.Timeout | undefined
  #closed = false

  constructor(connect: () => Promise<pg.Client>) {
    this.#connect = connect
  }

  /** With a connection of its own, from the first time that it is wanted. */
  show(): void {
    if (this.#begun || this.#closed) return
    this.#begun = true
    this.#lock().catch(() => this.#again())
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
    clearInterval(this.#looks)
  }

  async #lock(): Promise<void> {
    const client = await this.#connect()
    client.once('end', () => this.#again())
    // Its end tells, and the next one is tried. Not with a goodbye, which may be heard by nobody.
    const drop = () => client.connection.stream.destroy()
    if (this.#closed) {
      drop()
      return
    }
    this.#looks = setInterval(() => client.query(QUESTION).catch(drop), LOOK).unref()
    await client.query('select pg_advisory_lock_shared($1, $2)', [LIFE, this.process]).catch(drop)
  }

  #again(): void {
    clearInterval(this.#looks)
    if (this.#closed) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      this.#begun = false
      this.show()
    }, AGAIN).unref()
  }
}

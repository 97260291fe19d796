import type pg from 'pg'
import { SynclineError } from '../errors.ts'
import type { Logger } from '../observe/log.ts'
import { isStorageFailure } from '../storage/failure.ts'
import type { Attendance, Doorkeeper, Present } from './attendance.ts'
import { type Arrival, forgetArrivals, writeArrivals, writeSeen, writeStays } from './seen-table.ts'

/** How long what is to be written is gathered, in ms; whoever came in the last of it is forgotten where the server is killed. */
const GATHER = 250
/** How often it is written that those who are connected are, in ms: so far off is what a killed server leaves. */
const BEAT = 30_000
/** Rows of one statement. */
const CHUNK = 2_000
/** After so many days, somebody is no more of those who have been in a room. */
const KEEP_DAYS = 30

/** What is to be written, and when it was so (performance.now). */
type At<Fact> = Fact & { readonly at: number }

/** Writes down who came into which room, and when everybody was last seen. */
export class Register implements Doorkeeper {
  readonly #pool: pg.Pool
  readonly #logger: Logger
  readonly #here: Pick<Attendance, 'everybody' | 'stays'>
  #arrivals = new Map<string, At<Arrival>>()
  #seen = new Map<string, At<Present>>()
  #writing: Promise<void> = Promise.resolve()
  #timer: NodeJS.Timeout | undefined
  #beat: NodeJS.Timeout | undefined
  #stopped = false

  constructor(pool: pg.Pool, logger: Logger, here: Pick<Attendance, 'everybody' | 'stays'>) {
    this.#pool = pool
    this.#logger = logger
    this.#here = here
  }

  /** Those who are connected are written down again and again from now on. */
  start(): void {
    this.#beat = setInterval(() => {
      for (const person of this.#here.everybody()) this.#note(person)
      this.#soon()
    }, BEAT)
    this.#beat.unref()
  }

  came(person: Present, room: string): void {
    const { user } = person
    this.#note(person)
    // No user id holds a line break.
    this.#arrivals.set(`${user}\n${room}`, { user, room, at: performance.now() })
    this.#soon()
  }

  left(person: Present): void {
    this.#note(person)
    this.#soon()
  }

  /** Resolves when all that has happened until now is written. @throws SynclineError `storage-unavailable` */
  written(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const written = this.#writing.then(() => this.#write())
    this.#writing = written.catch(() => undefined)
    return written
  }

  /** Forgets who has not been in a room for long. */
  async forget(signal: AbortSignal): Promise<void> {
    for (const chunk of chunks([...this.#here.stays()])) {
      if (!signal.aborted) await writeStays(this.#pool, chunk)
    }
    while (!signal.aborted && (await forgetArrivals(this.#pool, KEEP_DAYS, CHUNK)) === CHUNK);
  }

  /** Everybody who is connected has been seen now. */
  async stop(): Promise<void> {
    // Those who go from now on have been noted.
    this.#stopped = true
    clearInterval(this.#beat)
    for (const person of this.#here.everybody()) this.#note(person)
    await this.#try()
  }

  #note(person: Present): void {
    this.#seen.set(person.user, { ...person, at: performance.now() })
  }

  #soon(): void {
    if (!this.#stopped) this.#timer ??= setTimeout(() => void this.#try(), GATHER).unref()
  }

  async #try(): Promise<void> {
    try {
      await this.written()
    } catch (error) {
      // All of it is written with the next beat; what is stored until then is a little older.
      this.#logger.warn({ err: error }, 'who was seen could not be written')
    }
  }

  async #write(): Promise<void> {
    const [arrivals, seen] = [this.#arrivals, this.#seen]
    this.#arrivals = new Map()
    this.#seen = new Map()
    try {
      for (const chunk of chunks([...seen.values()])) await writeSeen(this.#pool, chunk.map(aged))
      for (const chunk of chunks([...arrivals.values()])) await writeArrivals(this.#pool, chunk.map(aged))
    } catch (error) {
      // What came meanwhile is newer.
      this.#seen = new Map([...seen, ...this.#seen])
      this.#arrivals = new Map([...arrivals, ...this.#arrivals])
      if (!isStorageFailure(error)) throw error
      throw new SynclineError('storage-unavailable', undefined, { cause: error })
    }
  }
}

const aged = <Fact>(fact: At<Fact>): Fact & { readonly age: number } => ({
  ...fact,
  age: performance.now() - fact.at,
})

function* chunks<Row>(rows: readonly Row[]): Generator<readonly Row[]> {
  for (let i = 0; i < rows.length; i += CHUNK) yield rows.slice(i, i + CHUNK)
}

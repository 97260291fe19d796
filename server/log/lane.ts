import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import type { Logger } from '../observe/log.ts'
import { numbersOf } from '../storage/arrays.ts'
import type { Database } from '../storage/database.ts'
import { ask, type Field, type Parameter } from '../storage/prepared.ts'
import { type Batch, batchParameters, eventParameters, hasEvents, knownOf } from './batch.ts'
import type { NewEntry, Repeat, Repeats, RoomId, Seq } from './entry.ts'
import type { LaneLedger, LaneMark } from './lane-ledger.ts'

/** Every room of the batch to its head after it; `DELETED` for one with a tombstone. One without a row is missing. */
type Heads = ReadonlyMap<RoomId, Seq>

/** The head that stands for a tombstone. */
export const DELETED: Seq = 0

/**
 * What became of a batch. `gone back` means that the database has not got any more what this node has of one of its rooms,
 * and that nothing of it is written, now or later. `rejected` means that Postgres will not take it as it is, and that no try of it can
 * still arrive and be taken: whoever made it tries its rooms one by one.
 */
export type Outcome =
  | { readonly kind: 'committed'; readonly heads: Heads; readonly repeats: Repeats; readonly mark: LaneMark }
  | { readonly kind: 'rejected'; readonly error: Error }
  | { readonly kind: 'gone back' }
  | { readonly kind: 'closed' }

/**
 * One round trip, one transaction; the function stands in migrations/006_erasure_and_retention.sql. The lane's own row
 * is the gate: it takes each batch number once, so that a batch whose outcome is unknown is simply sent again,
 * and one that arrives late (from a connection given up for dead) finds the gate closed.
 */
const COMMIT = `
select append_entries($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ${whereNoneWentBack('$13')}`

/** As `COMMIT`, where there are events among the entries; migrations/016_event_queue.sql. */
const COMMIT_EVENTS = `
select new_heads, repeated, repeated_seqs
from append_with_events($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) ${whereNoneWentBack('$16')}`

/**
 * What is to be written builds on all that is known of its room: where the room is not so far any more, or not there, nothing may be. Without a
 * lock, because no database goes back under a connection that lives.
 */
function whereNoneWentBack(knowns: string): string {
  return `where not exists (select from unnest($3::bigint[], ${knowns}::bigint[]) as k(id, known)
    where coalesce((select r.head < k.known and r.deleted_at is null from rooms r where r.id = k.id), true))`
}

/** The SQLSTATE of a closed gate. */
const TAKEN = 'SL001'

/** Takes the batch's number for nothing, so that an earlier try of it that is still on its way does nothing. */
const BURN = `
update log_lanes set batch = $2, heads = '{}', repeated = '{}', repeated_seqs = '{}', used_at = now()
where id = $1 and batch = $2::bigint - 1`

/**
 * One plan, made once, that finds rooms and lanes by their keys. Planned anew for 500 rooms of 100,000 it reads
 * the whole table (100 ms against 20), and planned while the table was small it may do so ever after.
 */
const PLANNING = 'set plan_cache_mode = force_generic_plan; set enable_seqscan = off'

const LOOK_UP = 'select heads, repeated, repeated_seqs from log_lanes where id = $1 and batch = $2'

/** Lanes of processes that are long gone. One that still lives and finds its row gone takes a new name. */
const FORGET_LANES = `delete from log_lanes where used_at < now() - interval '7 days'`

interface Statement {
  readonly name: string
  readonly text: string
  /** All but the lane's name and the batch's number. */
  readonly values: readonly Parameter[]
}

interface Answer {
  /** One a room, in the order of the batch; 0 for a room that was deleted, undefined for one without a row. */
  readonly heads: readonly (number | undefined)[]
  /** Of each entry that is repeated its number in the batch, from 1, and the seq: negative where what has the id is another event. */
  readonly repeated: readonly (number | undefined)[]
  readonly repeatedSeqs: readonly (number | undefined)[]
}

/** The first pause after a failure, and the longest, in ms. */
const FIRST_PAUSE = 50
const LONGEST_PAUSE = 2_000

/** A connection that commits one batch at a time, and does not give up. */
export class Lane {
  readonly #database: Database
  readonly #ledger: LaneLedger
  readonly #logger: Logger
  readonly #closing = new AbortController()
  #client: pg.Client | undefined
  #id = ''
  #batch = 0
  /** Why the last try failed; undefined while all is well. */
  failure: Error | undefined

  /** @param ledger of all lanes that this node has heard of */
  constructor(database: Database, ledger: LaneLedger, logger: Logger) {
    this.#database = database
    this.#ledger = ledger
    this.#logger = logger
  }

  async commit(batch: Batch): Promise<Outcome> {
    // Two nodes that write to the same rooms lock them in one order, and never deadlock.
    const ordered = batch.toSorted((one, other) => one.room.id - other.room.id)
    const statement: Statement = hasEvents(ordered)
      ? {
          name: 'commit events',
          text: COMMIT_EVENTS,
          values: [...batchParameters(ordered), ...eventParameters(ordered), knownOf(ordered)],
        }
      : { name: 'commit', text: COMMIT, values: [...batchParameters(ordered), knownOf(ordered)] }
    for (let pause = FIRST_PAUSE; !this.#closing.signal.aborted; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
      try {
        const known = this.#client
        const client = known ?? (await this.#connect())
        const lost = known === undefined && (await this.#ledger.lost(client))
        // Another lane may have found it meanwhile, and the room be as far again by now.
        const ended = ordered.some(({ room }) => room.ended === 'storage-unavailable')
        const { era } = this.#ledger
        const answer = lost || ended ? undefined : await this.#send(client, statement)
        if (answer === undefined) {
          // An earlier try may have been taken, or be taken yet, and the number with it: what comes next is not to be mistaken for it.
          this.#startOver()
          this.#drop(client)
          this.#recovered()
          return { kind: 'gone back' }
        }
        const mark = { lane: this.#id, batch: this.#batch + 1 }
        const outcome: Outcome =
          answer instanceof Error
            ? { kind: 'rejected', error: answer }
            : {
                kind: 'committed',
                heads: headsOf(ordered, answer),
                // Looked up, a batch without events is answered with what an earlier one has repeated.
                repeats: hasEvents(ordered) ? repeatsOf(ordered, answer) : new Map(),
                mark,
              }
        this.#batch = mark.batch
        if (era === this.#ledger.era) this.#ledger.heard(mark)
        this.#recovered()
        return outcome
      } catch (error) {
        this.#failed(error instanceof Error ? error : new Error(String(error)))
      }
      await this.#pause(pause)
    }
    return { kind: 'closed' }
  }

  /** Not with a goodbye: where the network swallows it, the answer to that is never heard. */
  close(): void {
    this.#closing.abort()
    if (this.#client !== undefined) this.#drop(this.#client)
  }

  async #connect(): Promise<pg.Client> {
    const client = await this.#database.connect()
    client.on('error', () => this.#drop(client))
    // From here on whatever fails drops it, and so does closing.
    this.#client = client
    if (this.#closing.signal.aborted) throw new Error('the log is closed')
    await client.query(PLANNING)
    if (this.#id === '') {
      const id = randomUUID()
      await client.query('insert into log_lanes (id) values ($1)', [id])
      await client.query(FORGET_LANES)
      this.#id = id
    }
    return client
  }

  /** The new heads, or why Postgres rejects the batch; undefined where one of its rooms has gone back. */
  async #send(client: pg.Client, { name, text, values }: Statement): Promise<Answer | Error | undefined> {
    const number = this.#batch + 1
    const place = [this.#id, String(number)]
    try {
      const row = await ask(client, name, text, [...place, ...values])
      return row && answerOf(row)
    } catch (error) {
      if (!(error instanceof Error)) throw error
      const taken = codeOf(error) === TAKEN
      if (!taken && !isRejection(error)) throw error
      if (!taken && (await client.query(BURN, place)).rowCount === 1) return error
    }
    const row = await ask(client, 'look up', LOOK_UP, place)
    if (row !== undefined) return answerOf(row)
    // A database that has gone back without it was noticed as the connection was made.
    this.#ledger.forget(this.#id)
    this.#startOver()
    throw new Error('the database no longer knows this lane')
  }

  /** Under a new name, with the next connection. */
  #startOver(): void {
    this.#id = ''
    this.#batch = 0
  }

  #failed(error: Error): void {
    if (this.failure === undefined)
      this.#logger.error({ err: error }, 'the log cannot be written; entries wait')
    this.failure = error
    if (this.#client !== undefined) this.#drop(this.#client)
  }

  #recovered(): void {
    if (this.failure !== undefined) this.#logger.info('the log is written again')
    this.failure = undefined
  }

  /** A connection that failed is never used again: what it still carries could be answered out of turn. */
  #drop(client: pg.Client): void {
    if (this.#client === client) this.#client = undefined
    client.connection.stream.destroy()
  }

  #pause(ms: number): Promise<void> {
    const { signal } = this.#closing
    if (signal.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', done)
        resolve()
      }
      const timer = setTimeout(done, ms)
      signal.addEventListener('abort', done)
    })
  }
}

/** In the order in which all three statements select. */
const answerOf = ([heads, repeated, repeatedSeqs]: readonly Field[]): Answer => ({
  heads: numbersOf(heads),
  repeated: numbersOf(repeated),
  repeatedSeqs: numbersOf(repeatedSeqs),
})

function headsOf(batch: Batch, { heads }: Answer): Heads {
  const known = new Map<RoomId, Seq>()
  batch.forEach(({ room }, index) => {
    const head = heads[index]
    if (head !== undefined) known.set(room.id, head)
  })
  return known
}

function repeatsOf(batch: Batch, { repeated, repeatedSeqs }: Answer): Repeats {
  const repeats = new Map<NewEntry, Repeat>()
  if (repeated.length === 0) return repeats
  const entries = batch.flatMap((part) => part.entries)
  repeated.forEach((number = 0, index) => {
    const entry = entries[number - 1]
    const seq = repeatedSeqs[index]
    // Taken for written, it would be given a seq that another entry has.
    if (entry === undefined || !seq) throw new Error('the answer to a commit repeats what is not in it')
    repeats.set(entry, { seq: Math.abs(seq), same: seq > 0 })
  })
  return repeats
}

const codeOf = (error: Error): string => ('code' in error && typeof error.code === 'string' ? error.code : '')

/**
 * Cardinality, data exception, integrity violation, syntax or access rule, a limit of the program, a damaged
 * page: it is the words themselves, or a room they speak of, and no other room should wait for it.
 */
const isRejection = (error: Error): boolean => /^(21|22|23|42|54|XX)[0-9A-Z]{3}$/.test(codeOf(error))

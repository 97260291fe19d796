import { createHash } from 'node:crypto'
import { SynclineError } from '../errors.ts'
import type { RoomId } from '../log/entry.ts'
import type { Queryable } from '../storage/transaction.ts'
import { entriesOf } from '../transfer/source.ts'
import { columnsOf, ONE_WAY_OF_WRITING, rowsOf } from './rows.ts'
import { EXPORTED } from './tables.ts'

/** A file of an export: JSON, one value a line. */
export interface Content {
  readonly name: string
  readonly lines: AsyncIterable<string>
}

/** What a line of `ROOMS` says. */
export interface RoomHash {
  readonly room: string
  readonly entries: number
  /** Of its log: for each entry its seq, time, actor and bytes, and its events. */
  readonly sha256?: string
  /** Why its log cannot be read to its end. */
  readonly damaged?: string
}

/** The file of the rooms' hashes. */
export const ROOMS = 'room-hashes.jsonl'
export const fileOf = (table: string): string => `${table}.jsonl`

/**
 * Everything that a server holds, file by file, to be read one after the other in a transaction of the caller's that
 * sees one moment: equal databases give equal bytes. Of a table the first line has its columns, and each other one a row.
 */
export async function* contents(client: Queryable): AsyncGenerator<Content> {
  await client.query(ONE_WAY_OF_WRITING)
  for (const [table, fate] of EXPORTED) {
    const columns = await columnsOf(client, table)
    yield {
      name: fileOf(table),
      lines: (async function* () {
        yield line(columns.map(({ name }) => name))
        for await (const row of rowsOf(client, table, columns, fate)) yield line(row)
      })(),
    }
  }
  yield {
    name: ROOMS,
    lines: (async function* () {
      for await (const hash of roomHashes(client)) yield line(hash)
    })(),
  }
}

const line = (value: unknown): string => `${JSON.stringify(value)}\n`

const PAGE = 1_000

async function* roomHashes(client: Queryable): AsyncGenerator<RoomHash> {
  let after = 0
  for (;;) {
    const { rows } = await client.query<{ id: number; name: string; head: number }>(
      `select id::float8 as id, name, head::float8 as head from rooms
       where deleted_at is null and id > $1 order by id limit ${PAGE}`,
      [after],
    )
    for (const { id, name, head } of rows) {
      after = id
      yield { room: name, entries: head, ...(await hashOf(client, id as RoomId, head)) }
    }
    if (rows.length < PAGE) return
  }
}

async function hashOf(
  client: Queryable,
  room: RoomId,
  head: number,
): Promise<Pick<RoomHash, 'sha256' | 'damaged'>> {
  const hash = createHash('sha256')
  try {
    for await (const { seq, at, actor, merged, bytes, events = [] } of entriesOf(client, room, head)) {
      const told = events.map((event) => [
        event.seq,
        event.at,
        event.actor,
        event.type,
        event.id,
        event.payload,
      ])
      hash.update(line([seq, at, actor, merged ?? null, bytes.length, told])).update(bytes)
    }
    return { sha256: hash.digest('hex') }
  } catch (error) {
    if (error instanceof SynclineError && error.code === 'room-damaged') return { damaged: error.message }
    throw error
  }
}

import type pg from 'pg'
import { keepVersion } from '../history/versions/versions.ts'
import type { Entry, NewEntry, RoomId } from '../log/entry.ts'
import { SEGMENT_BYTES, SEGMENT_ENTRIES } from '../log/pack.ts'
import { encodeSegment } from '../log/segment.ts'
import { inTransaction, type Queryable } from '../storage/transaction.ts'
import type { LogHeader } from './log-file.ts'

/** What lists show of the room. */
interface Shown {
  readonly title: string | null
  readonly editor: string | null
}

/** What has become of a room that was to be made: it is there now, it was there before, or it was deleted. */
export type Insertion = 'inserted' | 'there' | 'deleted'

/**
 * Makes a room with one entry, in one transaction. Its name says what it was made from, and a name is there
 * once: whoever comes second, or again, finds the room and changes nothing.
 */
export async function insertDocument(
  pool: pg.Pool,
  name: string,
  entry: NewEntry,
  { title, editor }: Shown,
): Promise<Insertion> {
  const inserted = await inTransaction(pool, async (client) => {
    const { rows } = await client.query<{ id: string }>(
      `with room as (
       insert into rooms (name, kind, head, created_by, title, editor)
       values ($1, split_part($1, ':', 1), 1, $2, $3, $4)
       on conflict (name) do nothing
       returning id
     )
     insert into room_updates (room_id, seq, at, actor, bytes)
     select id, 1, to_timestamp($5 / 1000.0), $2, $6 from room returning room_id as id`,
      [name, entry.actor, title, editor, entry.at, entry.bytes],
    )
    const [room] = rows
    if (room !== undefined) await keepImported(client, Number(room.id) as RoomId, { ...entry, seq: 1 })
    return room !== undefined
  })
  return inserted ? 'inserted' : standing(pool, name)
}

/** What was brought in can be found again, whatever is made of it later. */
const keepImported = (
  client: Queryable,
  room: RoomId,
  { seq, at, actor }: Pick<Entry, 'seq' | 'at' | 'actor'>,
): Promise<void> => keepVersion(client, room, { seq, at }, 'import', actor)

async function standing(pool: pg.Pool, name: string): Promise<Insertion> {
  const { rows } = await pool.query<{ deleted: boolean }>(
    'select deleted_at is not null as deleted from rooms where name = $1',
    [name],
  )
  return rows[0]?.deleted ? 'deleted' : 'there'
}

/**
 * Makes a room with this log, all of it or nothing, in one transaction. `shown` is asked when the last entry
 * has been read.
 */
export function insertLog(
  pool: pg.Pool,
  name: string,
  header: LogHeader,
  entries: AsyncIterable<Entry>,
  shown: () => Shown,
): Promise<Insertion> {
  return inTransaction(pool, async (client) => {
    const { rows } = await client.query<{ id: string }>(
      `insert into rooms (name, kind, created_at, created_by) values ($1, split_part($1, ':', 1), $2, $3)
       on conflict (name) do nothing returning id`,
      [name, header.createdAt, header.createdBy],
    )
    if (rows[0] === undefined) return standing(pool, name)
    const room = Number(rows[0].id) as RoomId
    const last = await insertSegments(client, room, entries)
    const { title, editor } = shown()
    await client.query('update rooms set head = $2, title = $3, editor = $4 where id = $1', [
      room,
      last?.seq ?? 0,
      title,
      editor,
    ])
    if (last !== undefined) await keepImported(client, room, { ...last, actor: header.createdBy })
    return 'inserted'
  })
}

async function insertSegments(
  client: Queryable,
  room: RoomId,
  entries: AsyncIterable<Entry>,
): Promise<Entry | undefined> {
  let head = 0
  let last: Entry | undefined
  let run: Entry[] = []
  let bytes = 0
  const flush = async () => {
    if (run.length === 0) return
    const times = run.flatMap(({ at, merged }) => [at, merged?.since ?? at])
    await client.query(
      `insert into room_segments (room_id, first_seq, last_seq, first_at, last_at, bytes, stage)
       values ($1, $2, $3, to_timestamp($4 / 1000.0), to_timestamp($5 / 1000.0), $6, $7)`,
      [
        room,
        head + 1,
        run.at(-1)?.seq,
        times.reduce((a, b) => Math.min(a, b)),
        times.reduce((a, b) => Math.max(a, b)),
        await encodeSegment(run),
        run.some(({ merged }) => merged !== undefined) ? 1 : 0,
      ],
    )
    head = run.at(-1)?.seq ?? head
    run = []
    bytes = 0
  }
  for await (const entry of entries) {
    if (run.length === SEGMENT_ENTRIES || bytes + entry.bytes.length > SEGMENT_BYTES) await flush()
    run.push(entry)
    last = entry
    bytes += entry.bytes.length
  }
  await flush()
  return last
}

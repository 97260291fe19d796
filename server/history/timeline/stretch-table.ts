import type { RoomId, Seq } from '../../log/entry.ts'
import type { Queryable } from '../../storage/transaction.ts'
import { slicesAfter, slicesBetween } from './activity.ts'
import type { Share, Slice } from './slices.ts'
import { lastBreak, type Stretch, stretchesOf, stretchOf, TOP_LEVEL } from './stretches.ts'

interface Row {
  readonly level: number
  readonly first_seq: string
  readonly last_seq: string
  readonly began_at: number
  readonly ended_at: number
  readonly first_at: number
  readonly last_at: number
  readonly pause: number
  readonly pause_before: number
  readonly people: Readonly<Record<string, readonly [number, number, number, number, number]>>
}

const COLUMNS = `level, first_seq, last_seq, began_at, ended_at, first_at, last_at, pause, pause_before, people`

/** Rows read at first, and at most at a time. */
const FIRST_PAGE = 100
const LARGEST_PAGE = 800
/** Rows written at a time. */
const WRITTEN = 500

/** Up to where a room's stretches have been made. */
export async function stretchedTo(db: Queryable, room: RoomId): Promise<Seq> {
  const { rows } = await db.query<{ last_seq: string }>({
    name: 'stretched to',
    text: `select last_seq from history_stretches where room_id = $1 and level = ${TOP_LEVEL}
      order by first_seq desc limit 1`,
    values: [room],
  })
  return Number(rows[0]?.last_seq ?? 0)
}

/** A room's stretches of a level that begin before `before`, newest first; the last of them up to there, in its slices. */
export async function* stretchesBefore(
  db: Queryable,
  room: RoomId,
  level: number,
  before: Seq,
): AsyncGenerator<Stretch> {
  let below = before
  for (let page = FIRST_PAGE; ; page = Math.min(page * 2, LARGEST_PAGE)) {
    const { rows } = await db.query<Row>({
      name: 'stretches before',
      text: `select ${COLUMNS} from history_stretches where room_id = $1 and level = $2 and first_seq < $3
        order by first_seq desc limit $4`,
      values: [room, level, below, page],
    })
    for (const stretch of rows.map(toStretch)) yield* upTo(db, room, stretch, before)
    const last = rows.at(-1)
    if (rows.length < page || last === undefined) return
    below = Number(last.first_seq)
  }
}

/** What of a stretch begins before `before`, newest first. */
async function* upTo(db: Queryable, room: RoomId, stretch: Stretch, before: Seq): AsyncGenerator<Stretch> {
  if (stretch.firstSeq >= before) return
  if (stretch.lastSeq < before || stretch.level === 0) yield stretch
  else
    for (const part of (await openStretch(db, room, stretch)).toReversed())
      yield* upTo(db, room, part, before)
}

/** The parts of a stretch, oldest first. */
export async function openStretch(
  db: Queryable,
  room: RoomId,
  { level, firstSeq, lastSeq, beganAt, pauseBefore }: Stretch,
): Promise<readonly Stretch[]> {
  if (level === 1) {
    let endedAt = beganAt - pauseBefore
    return (await slicesBetween(db, room, firstSeq, lastSeq)).map((slice) => {
      const stretch = stretchOf(slice, endedAt)
      endedAt = slice.lastAt
      return stretch
    })
  }
  const { rows } = await db.query<Row>({
    name: 'stretches between',
    text: `select ${COLUMNS} from history_stretches where room_id = $1 and level = $2 and first_seq between $3 and $4
      order by first_seq`,
    values: [room, level - 1, firstSeq, lastSeq],
  })
  return rows.map(toStretch)
}

/** When the work began that goes on at a position: after the last pause so long. */
export async function groupBegan(db: Queryable, room: RoomId, seq: Seq, gap: number): Promise<number> {
  const open = (stretch: Stretch) => openStretch(db, room, stretch)
  for (let at = seq; ; ) {
    const { rows } = await db.query<Row>({
      name: 'stretch with a pause',
      text: `select ${COLUMNS} from history_stretches where room_id = $1 and level = ${TOP_LEVEL} and first_seq <= $2
        and greatest(pause, pause_before) >= $3 order by first_seq desc limit 1`,
      values: [room, at, gap],
    })
    const [stretch] = rows.map(toStretch)
    if (stretch === undefined) return Number.NEGATIVE_INFINITY
    const found = await lastBreak(stretch, seq, gap, open)
    if (found !== undefined) return found
    at = stretch.firstSeq - 1
  }
}

/** The first position after a slice that no session of this length (ms) with the slice in it reaches. */
export async function beyondSession(
  db: Queryable,
  room: RoomId,
  { firstSeq, firstAt }: Slice,
  length: number,
): Promise<Seq> {
  const { rows } = await db.query<{ first_seq: string }>({
    name: 'beyond a session',
    text: `select first_seq from history_stretches where room_id = $1 and level = 1 and first_seq > $2 and began_at > $3
      order by first_seq limit 1`,
    values: [room, firstSeq, firstAt + length],
  })
  return Number(rows[0]?.first_seq ?? Number.MAX_SAFE_INTEGER)
}

/** Makes the stretches anew from the slices, from those on that go on at `from` or end before it. */
export async function writeStretches(db: Queryable, room: RoomId, from: Seq): Promise<void> {
  let start = from
  for (let level = 1; level <= TOP_LEVEL; level += 1) {
    const { rows } = await db.query<Row>({
      name: 'stretch to go on',
      text: `select ${COLUMNS} from history_stretches where room_id = $1 and level = $2 and first_seq <= $3
        order by first_seq desc limit 1`,
      values: [room, level, start],
    })
    const [first] = rows.map(toStretch)
    start = first?.firstSeq ?? 0
    const endedBefore = first === undefined ? Number.NEGATIVE_INFINITY : first.beganAt - first.pauseBefore
    await db.query('delete from history_stretches where room_id = $1 and level = $2 and first_seq >= $3', [
      room,
      level,
      start,
    ])
    const parts =
      level === 1
        ? stretched(slicesAfter(db, room, start - 1), endedBefore)
        : stretchesAfter(db, room, level - 1, start - 1)
    let made: Stretch[] = []
    for await (const stretch of stretchesOf(parts)) {
      made.push(stretch)
      if (made.length < WRITTEN) continue
      await insert(db, room, made)
      made = []
    }
    await insert(db, room, made)
  }
}

async function* stretched(slices: AsyncIterable<Slice>, endedBefore: number): AsyncGenerator<Stretch> {
  let endedAt = endedBefore
  for await (const slice of slices) {
    yield stretchOf(slice, endedAt)
    endedAt = slice.lastAt
  }
}

async function* stretchesAfter(
  db: Queryable,
  room: RoomId,
  level: number,
  after: Seq,
): AsyncGenerator<Stretch> {
  for (let above = after; ; ) {
    const { rows } = await db.query<Row>({
      name: 'stretches after',
      text: `select ${COLUMNS} from history_stretches where room_id = $1 and level = $2 and first_seq > $3
        order by first_seq limit ${LARGEST_PAGE}`,
      values: [room, level, above],
    })
    yield* rows.map(toStretch)
    const last = rows.at(-1)
    if (rows.length < LARGEST_PAGE || last === undefined) return
    above = Number(last.first_seq)
  }
}

async function insert(db: Queryable, room: RoomId, stretches: readonly Stretch[]): Promise<void> {
  if (stretches.length === 0) return
  const column = <Key extends keyof Stretch>(key: Key) => stretches.map((stretch) => stretch[key])
  await db.query(
    `insert into history_stretches (room_id, ${COLUMNS})
     select $1, * from unnest($2::smallint[], $3::bigint[], $4::bigint[], $5::float8[], $6::float8[], $7::float8[],
       $8::float8[], $9::float8[], $10::float8[], $11::jsonb[])`,
    [
      room,
      column('level'),
      column('firstSeq'),
      column('lastSeq'),
      column('beganAt'),
      column('endedAt'),
      column('firstAt'),
      column('lastAt'),
      column('pause'),
      column('pauseBefore'),
      stretches.map(({ people }) => JSON.stringify(Object.fromEntries([...people].map(toPerson)))),
    ],
  )
}

const toPerson = ([person, { firstAt, lastAt, entries, inserted, deleted }]: readonly [string, Share]) =>
  [person, [firstAt, lastAt, entries, inserted, deleted]] as const

const toStretch = (row: Row): Stretch => ({
  level: row.level,
  firstSeq: Number(row.first_seq),
  lastSeq: Number(row.last_seq),
  beganAt: row.began_at,
  endedAt: row.ended_at,
  firstAt: row.first_at,
  lastAt: row.last_at,
  pause: row.pause,
  pauseBefore: row.pause_before,
  people: new Map(
    Object.entries(row.people).map(([person, [firstAt, lastAt, entries, inserted, deleted]]) => [
      person,
      { firstAt, lastAt, entries, inserted, deleted },
    ]),
  ),
})

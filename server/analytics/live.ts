import { setImmediate as nextTurn } from 'node:timers/promises'
import { Sketch } from '../observe/sketch.ts'
import { MAX_SIGNAL_BYTES, METRICS_SIGNAL, type MetricSeries } from '../protocol.ts'
import type { Queryable } from '../storage/transaction.ts'
import { ANALYTICS_KIND, type Labels } from './measure.ts'
import { pointOf } from './metrics.ts'
import { TICK } from './widths.ts'

/** How long after its end a bucket is told again that was added to, in ms. */
const LATE = 60_000
/** How far a node reaches back for what it could not tell in time, in ms: as far as nodes keep what they measure of themselves. */
const BEHIND = 600_000
/** Of what surrounds the series of a signal, in bytes. */
const AROUND = 100

interface Row {
  readonly room: string
  readonly change: string
  readonly name: string | null
  readonly labels: Labels
  readonly at: number
  readonly sketch: Buffer
}

/** A bucket that ended with this tick or after the last one, and one that was added to since the room was told of it. */
const CHANGED = `
  select r.name as room, a.change, found.*
  from unnest($1::text[], $2::bigint[]) as w(room, since)
    join rooms r on r.name = w.room and r.deleted_at is null
    join analytics_rooms a on a.room_id = r.id
    left join lateral (
      select s.name, s.labels, extract(epoch from b.at)::float8 * 1000 as at, b.sketch
      from analytics_series s join analytics_buckets b on b.series_id = s.id and b.width = 5
      where s.room_id = r.id and b.at < to_timestamp($3::float8 / 1000) and b.at >= to_timestamp($5::float8 / 1000)
        and (b.at >= to_timestamp($4::float8 / 1000) or b.change > w.since)
      order by s.name, s.id, b.at) found on true`

/** Those who are in rooms, over whatever they are connected by to this node. */
export interface Present {
  readonly rooms: Iterable<string>
  sendHere(room: string, type: string, payload: unknown, isFor: () => Promise<boolean>): Promise<void> | void
}

export interface LiveOptions {
  readonly db: Queryable
  readonly present: readonly Present[]
}

/**
 * Tells those who listen in a room what was measured there, whichever node has taken it: each node reads what is committed
 * and tells its own.
 */
export class Live {
  readonly #options: LiveOptions
  /** The rooms in which somebody listens, with the last change of which they were told. */
  #seen: ReadonlyMap<string, string> = new Map()
  /** The end of the last bucket that was told, be it to nobody. */
  #told: number | undefined
  /** What was told each time in the last minute: all from then on. */
  #lately: readonly { readonly end: number; readonly from: number }[] = []

  constructor(options: LiveOptions) {
    this.#options = options
  }

  /** @param end of a bucket, in ms since the epoch */
  async tell(end: number): Promise<void> {
    const { db, present } = this.#options
    const before = this.#seen
    const all = new Set(present.flatMap(({ rooms }) => [...rooms]))
    const rooms = [...all].filter((room) => room.startsWith(`${ANALYTICS_KIND}:`))
    if (rooms.length === 0) {
      this.#seen = new Map()
      this.#told = end
      return
    }
    const from = Math.max(Math.min(this.#told ?? end, end - TICK), end - BEHIND)
    // What was told late, as the database was away, is also recorded late.
    const lately = this.#lately.filter((one) => one.end > end - LATE)
    const again = Math.min(end - LATE, from, ...lately.map((one) => one.from))
    const { rows } = await db.query<Row>({
      name: 'metrics changed',
      text: CHANGED,
      // Who has just come is told of the last bucket alone.
      values: [rooms, rooms.map((room) => before.get(room) ?? Number.MAX_SAFE_INTEGER), end, from, again],
    })
    const seen = new Map(rooms.map((room) => [room, before.get(room) ?? '0']))
    for (const [room, found] of Map.groupBy(rows, (row) => row.room)) {
      for (const series of parts(found)) {
        await nextTurn()
        for (const here of present)
          await here.sendHere(room, METRICS_SIGNAL, { width: 5, series }, async () => true)
      }
      seen.set(room, found[0]?.change ?? '0')
    }
    this.#seen = seen
    this.#told = end
    this.#lately = [...lately, { end, from }]
  }
}

/** As many series together as a signal holds. */
function* parts(rows: readonly Row[]): Generator<readonly MetricSeries[]> {
  let part: MetricSeries[] = []
  let size = AROUND
  for (const { name, labels, at, sketch } of rows) {
    if (name === null) continue
    const series = { name, labels, points: [pointOf(at, Sketch.decode(sketch))] }
    const bytes = Buffer.byteLength(JSON.stringify(series)) + 1
    if (part.length > 0 && size + bytes > MAX_SIGNAL_BYTES) {
      yield part
      part = []
      size = AROUND
    }
    part.push(series)
    size += bytes
  }
  if (part.length > 0) yield part
}

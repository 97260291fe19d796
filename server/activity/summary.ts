import type { Queryable } from '../storage/transaction.ts'
import { type ActivityQuery, conditionsOf, newest, Values } from './query.ts'

export const SUMMARIES = ['person', 'room'] as const
export type SummaryBy = (typeof SUMMARIES)[number]

/** What a person did in a project, or what was done in one of its rooms. */
interface SummaryRow {
  /** Of the person, or the room's name. */
  readonly id: string
  /** What they, or it, is called. */
  readonly name: string | null
  readonly activities: number
  /** In how many rooms, or by how many people. */
  readonly others: number
  /** Of editing: how many, and how many characters. */
  readonly entries: number
  readonly inserted: number
  readonly deleted: number
  readonly last: Date
}

const BY: Readonly<
  Record<SummaryBy, { readonly column: string; readonly name: string; readonly join: string }>
> = {
  person: { column: 'actor', name: 'n.name', join: 'left join people n on n.id = s.id' },
  room: {
    column: 'room',
    name: 'room_title(n)',
    join: 'left join rooms n on n.name = s.id',
  },
}

/** Activities that are counted, the newest: a million would take seconds each time. */
export const MOST_COUNTED = 100_000

export interface Summary {
  readonly rows: readonly SummaryRow[]
  /** When the earliest was that is counted, where there may be more before it. */
  readonly since: Date | null
}

/** The people or the rooms of a project with the most activities. What its newest pages would show is counted. */
export async function readSummary(
  db: Queryable,
  query: ActivityQuery,
  by: SummaryBy,
  most = MOST_COUNTED,
): Promise<Summary> {
  const values = new Values()
  const counted = newest(
    values,
    conditionsOf(values, query),
    query,
    values.add(most, 'int'),
    'actor, room, entries, inserted, deleted, at, until',
  )
  const { column, name, join } = BY[by]
  const { rows } = await db.query<SummaryRow & { readonly since: Date | null }>(
    `with counted as materialized (${counted}), pairs as (
       select actor, room, count(*) as activities, sum(entries) as entries, sum(inserted) as inserted,
         sum(deleted) as deleted, max(until) as last
       from counted group by actor, room
     ), s as (
       select ${column} as id, sum(activities) as activities, count(*) as others, sum(entries) as entries,
         sum(inserted) as inserted, sum(deleted) as deleted, max(last) as last
       from pairs group by 1 order by 2 desc, 1 limit ${values.add(query.limit, 'int')}
     )
     select s.id, ${name} as name, s.activities::float8, s.others::float8, s.entries::float8, s.inserted::float8,
       s.deleted::float8, s.last,
       (select min(at) from counted having count(*) = ${values.add(most, 'int')}) as since
     from s ${join} order by s.activities desc, s.id`,
    values.all,
  )
  return { rows: rows.map(({ since: _, ...row }) => row), since: rows[0]?.since ?? null }
}

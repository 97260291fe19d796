import type { Queryable } from '../storage/transaction.ts'
import { saysWhat } from '../storage/words.ts'
import { type Scope, WITHIN_SCOPE } from './scope.ts'

export interface ActivityFilter {
  readonly person?: string | undefined
  readonly types?: readonly string[] | undefined
  readonly room?: string | undefined
  /** At or after, and before, these moments (ISO 8601). */
  readonly from?: string | undefined
  readonly until?: string | undefined
  /** Words that are in the text, as search engines take them. */
  readonly q?: string | undefined
}

/** Where a list goes on: two whole numbers with a point between. */
export type Place = string

export interface ActivityRow {
  readonly key: string
  readonly room: string
  readonly kind: string
  readonly title: string | null
  readonly type: string
  readonly actor: string
  readonly name: string | null
  readonly at: Date
  readonly until: Date
  readonly seq: string
  readonly last_seq: string
  readonly text: string
  readonly entries: number
  readonly inserted: string
  readonly deleted: string
  readonly place: Place
}

export interface ActivityQuery {
  /** The id of its row. */
  readonly project: string
  readonly filter: ActivityFilter
  readonly scope: Scope
  readonly limit: number
}

/** Activities that a search looks at one by one, newest first, before it asks the index of words for all that have them. */
const WINDOW = 5_000

const EVERYTHING = '*:*'
const BY_TIME = 'at desc, id desc'
const TIME_PLACE = `(extract(epoch from a.at) * 1000000)::bigint || '.' || a.id`
const BY_CHANGE = 'change, id'
const CHANGE_PLACE = `a.change || '.' || a.id`

/** A statement's values, and where they stand in it. */
export class Values {
  readonly all: unknown[] = []

  add(value: unknown, type: string): string {
    this.all.push(value)
    return `$${this.all.length}::${type}`
  }
}

/** A page of a project's activities, newest first. */
export async function activitiesBefore(
  db: Queryable,
  query: ActivityQuery,
  before: Place | undefined,
): Promise<readonly ActivityRow[]> {
  const read = async (rowsOf: (values: Values, conditions: readonly string[]) => string) => {
    const values = new Values()
    const conditions = [...conditionsOf(values, query), ...beforePlace(values, before)]
    const { rows } = await db.query<ActivityRow>(
      shown(rowsOf(values, conditions), TIME_PLACE, 'a.at desc, a.id desc'),
      values.all,
    )
    return rows
  }
  const { filter, limit } = query
  if (filter.q === undefined)
    return read((values, conditions) => newest(values, conditions, query, values.add(limit, 'int')))
  const { q } = filter
  const hasWords = (values: Values) => `words @@ websearch_to_tsquery('simple', ${values.add(q, 'text')})`
  // What many activities have is among the newest; what few have, the index finds at once.
  const near = await read(
    (values, conditions) =>
      `select * from (${newest(values, conditions, query, String(WINDOW))}) near where ${hasWords(values)}
       order by ${BY_TIME} limit ${values.add(limit, 'int')}`,
  )
  // The index finds what all projects have: it is asked only where this one goes on behind what was looked at.
  if (near.length === limit || !(await goesOnBehind(db, query, before))) return near
  if (!(await saysWhat(db, q)))
    return read((values, conditions) =>
      newest(values, [...conditions, hasWords(values)], query, values.add(limit, 'int')),
    )
  return read(
    (values, conditions) =>
      `select * from (select * from activities where ${hasWords(values)} offset 0) found
       where ${[...conditions, ...chosen(values, filter)].join(' and ')}
       order by ${BY_TIME} limit ${values.add(limit, 'int')}`,
  )
}

/** Whether there are more than a window of them. */
async function goesOnBehind(
  db: Queryable,
  query: ActivityQuery,
  before: Place | undefined,
): Promise<boolean> {
  const values = new Values()
  const conditions = [...conditionsOf(values, query), ...beforePlace(values, before)]
  const { rowCount } = await db.query(
    `select from (${newest(values, conditions, query, String(WINDOW + 1))}) near offset ${WINDOW}`,
    values.all,
  )
  return rowCount === 1
}

/** Activities that came, or have changed, after a place: in the order in which they did. */
export async function activitiesSince(
  db: Queryable,
  query: ActivityQuery,
  since: Place,
): Promise<readonly ActivityRow[]> {
  const { filter, limit } = query
  const values = new Values()
  const [change, id] = since.split('.')
  const words =
    filter.q === undefined ? [] : [`words @@ websearch_to_tsquery('simple', ${values.add(filter.q, 'text')})`]
  const conditions = [
    ...conditionsOf(values, query),
    ...chosen(values, filter),
    ...words,
    `(change, id) > (${values.add(change, 'bigint')}, ${values.add(id, 'bigint')})`,
  ]
  const { rows } = await db.query<ActivityRow>(
    shown(
      `select * from activities where ${conditions.join(' and ')} order by ${BY_CHANGE} limit ${values.add(limit, 'int')}`,
      CHANGE_PLACE,
      'a.change, a.id',
    ),
    values.all,
  )
  return rows
}

export function conditionsOf(
  values: Values,
  { project, filter, scope }: Omit<ActivityQuery, 'limit'>,
): readonly string[] {
  const { person, from, until } = filter
  return [
    `project_id = ${values.add(project, 'bigint')}`,
    ...(person === undefined ? [] : [`actor = ${values.add(person, 'text')}`]),
    ...(from === undefined ? [] : [`at >= ${values.add(from, 'timestamptz')}`]),
    ...(until === undefined ? [] : [`at < ${values.add(until, 'timestamptz')}`]),
    WITHIN_SCOPE(
      values.add(JSON.stringify(scope.ranks), 'jsonb'),
      values.add(JSON.stringify(scope.needs), 'jsonb'),
    ),
  ]
}

const chosen = (values: Values, { room, types }: ActivityFilter): readonly string[] => [
  ...(room === undefined ? [] : [`room = ${values.add(room, 'text')}`]),
  ...(types === undefined ? [] : [`type = any(${values.add(types, 'text[]')})`]),
]

function beforePlace(values: Values, before: Place | undefined): readonly string[] {
  if (before === undefined) return []
  const [micros, id] = before.split('.')
  const at = `timestamptz 'epoch' + ${values.add(micros, 'bigint')} * interval '1 microsecond'`
  return [`(at, id) < (${at}, ${values.add(id, 'bigint')})`]
}

/**
 * The newest so many that are as asked for. Where only some rooms, kinds or types are, each is read from its own part of
 * an index: the others may be a million.
 */
export function newest(
  values: Values,
  conditions: readonly string[],
  { filter, scope }: ActivityQuery,
  limit: string,
  columns = '*',
): string {
  const where = [...conditions, ...chosen(values, filter)].join(' and ')
  const ordered = `order by ${BY_TIME} limit ${limit}`
  const parts = partsOf(filter, scope)
  if (parts === undefined) return `select ${columns} from activities where ${where} ${ordered}`
  const each = parts.map(([column, asked]) => {
    const value = values.add([...new Set(asked)], 'text[]')
    return `(select a.* from unnest(${value}) as asked(value)
      cross join lateral (select * from activities where ${column} = asked.value and ${where} ${ordered}) a)`
  })
  return `select ${columns} from (${each.join(' union all ')}) parts ${ordered}`
}

type Part = readonly [column: 'room' | 'kind' | 'type', values: readonly string[]]

/** Parts that have no activity in common, and together all that is asked for; undefined for everything. */
function partsOf({ room, types }: ActivityFilter, scope: Scope): readonly Part[] | undefined {
  if (room !== undefined) return [['room', [room]]]
  const patterns = Object.keys(scope.ranks)
  if (patterns.includes(EVERYTHING)) return types && [['type', types]]
  const kinds = patterns.filter((pattern) => pattern.endsWith(':*')).map((pattern) => pattern.slice(0, -2))
  const rooms = patterns.filter((name) => !kinds.includes(name.slice(0, name.indexOf(':'))))
  if (kinds.length === 0) return [['room', rooms]]
  // Of each room or kind all would be read for a type that is rare in it.
  if (types !== undefined) return [['type', types]]
  return [
    ['kind', kinds],
    ['room', rooms],
  ]
}

/** With what rooms and people are called. */
const shown = (rows: string, place: string, order: string): string => `
  select concat_ws('/', a.room, a.seq, a.actor) as key, a.room, a.kind, room_title(r) as title,
    a.type, a.actor, p.name, a.at, a.until, a.seq, a.last_seq, a.text, a.entries, a.inserted, a.deleted,
    ${place} as place
  from (${rows}) a
    join rooms r on r.id = a.room_id
    left join people p on p.id = a.actor
  order by ${order}`

import type pg from 'pg'
import type { Queryable } from '../storage/transaction.ts'
import type { Fate } from './tables.ts'

export interface Column {
  readonly name: string
  /** As SQL writes it. */
  readonly type: string
  /** Its numbers are given out by a sequence. */
  readonly counted: boolean
}

/** A row as JSON has it: each value as Postgres writes it as text, bytes in base64. */
export type Row = readonly (string | null)[]

const BYTEA = 17

/** Text is the one form in which every value comes back as it was: a Date has no microseconds, a number no 64 bits. */
const AS_TEXT: pg.CustomTypesConfig = {
  getTypeParser: (type: number) => (type === BYTEA ? base64 : (text: string) => text),
}

/** From `\x` and hexadecimal digits. */
const base64 = (hex: string): string => Buffer.from(hex.slice(2), 'hex').toString('base64')

/** For statements that look at all of a table: the pool gives up on others after half a minute. In ms. */
export const PATIENTLY = { query_timeout: 2 ** 31 - 1 }

/** How Postgres writes values as text, whatever the database is set to; for the transaction. */
export const ONE_WAY_OF_WRITING = `
  set local timezone = 'UTC'; set local datestyle = 'ISO, YMD'; set local intervalstyle = 'postgres';
  set local extra_float_digits = 1; set local bytea_output = 'hex';
  set local statement_timeout = 0; set local idle_in_transaction_session_timeout = 0`

/** Those that hold something of their own; a generated one is made of the others. */
export async function columnsOf(client: Queryable, table: string): Promise<readonly Column[]> {
  const { rows } = await client.query<Column>(
    `select attname as name, format_type(atttypid, atttypmod) as type, attidentity <> '' as counted
     from pg_attribute
     where attrelid = quote_ident($1)::regclass and attnum > 0 and not attisdropped and attgenerated = ''
     order by attnum`,
    [table],
  )
  return rows
}

/** Rows that are asked for at a time, and bytes of them, the row that reaches it included: more never stands in memory. */
const PAGE = { rows: 1_000, bytes: 4 * 1024 * 1024 }

/** What Postgres says of a value's length without fetching it from where long ones lie. */
const lengthOf = ({ name, type }: Column): string =>
  `coalesce(${type === 'bytea' || type === 'text' ? 'octet_length' : 'pg_column_size'}(t.${quoted(name)}), 0)`

/** All rows of a table, page by page, in a transaction of the caller's. Of a room that is deleted nothing but its tombstone. */
export async function* rowsOf(
  client: Queryable,
  table: string,
  columns: readonly Column[],
  { order, room }: Extract<Fate, { kind: 'exported' }>,
): AsyncGenerator<Row> {
  const kept = `not exists (select from rooms r where r.id = ${room} and r.deleted_at is not null)`
  // In the bytes' order of text: another database may sort it by another language.
  const sorted = order.split(', ').map((name) => {
    const text = columns.some((column) => column.name === name && column.type === 'text')
    return text ? `t.${name} collate "C"` : `t.${name}`
  })
  const values = columns.map(({ name }) => `t.${quoted(name)}`)
  const rows = `from ${quoted(table)} t where ${kept} order by ${sorted}`
  await client.query(
    `declare exported no scroll cursor for select ${values} ${rows};
     declare lengths no scroll cursor for select ${columns.map(lengthOf).join(' + ')} as bytes ${rows}`,
  )
  for (;;) {
    const { rows: lengths } = await client.query<{ bytes: number }>({
      text: `fetch ${PAGE.rows} from lengths`,
      ...PATIENTLY,
    })
    for (const count of pagesOf(lengths)) {
      const page = await client.query<(string | null)[]>({
        text: `fetch ${count} from exported`,
        ...PATIENTLY,
        rowMode: 'array',
        types: AS_TEXT,
      })
      yield* page.rows
    }
    if (lengths.length < PAGE.rows) break
  }
  await client.query('close exported; close lengths')
}

/** How many of these rows, one page after the other. */
function* pagesOf(lengths: readonly { readonly bytes: number }[]): Generator<number> {
  let [count, size] = [0, 0]
  for (const { bytes } of lengths) {
    count += 1
    size += bytes
    if (size < PAGE.bytes) continue
    yield count
    count = 0
    size = 0
  }
  if (count > 0) yield count
}

/** As `rowsOf` gave them; only where nothing is told of it (`withoutTriggers`). */
export async function insertRows(
  client: Queryable,
  table: string,
  columns: readonly Column[],
  rows: readonly Row[],
): Promise<void> {
  const names = columns.map(({ name }) => quoted(name))
  const given = columns.map(({ type }, at) => `v${at}::${type}`)
  const arrays = columns.map((_, at) => `$${at + 1}::text[]`)
  const parameters = columns.map((_, at) => `v${at}`)
  await client.query(
    `insert into ${quoted(table)} (${names}) overriding system value
     select ${given} from unnest(${arrays}) as v(${parameters})`,
    columns.map(({ type }, at) =>
      rows.map((row) => {
        const value = row[at] ?? null
        return type === 'bytea' && value !== null
          ? `\\x${Buffer.from(value, 'base64').toString('hex')}`
          : value
      }),
    ),
  )
}

/** Lets sequences go on after what was inserted. */
export async function countOn(client: Queryable, table: string, columns: readonly Column[]): Promise<void> {
  for (const { name } of columns.filter(({ counted }) => counted)) {
    const text = `select setval(pg_get_serial_sequence($1, $2), max(${quoted(name)})) from ${quoted(table)}
      having max(${quoted(name)}) is not null`
    await client.query({ text, values: [quoted(table), name], ...PATIENTLY })
  }
}

export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`

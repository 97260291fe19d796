import pg from 'pg'

/** A document of a stock Hocuspocus, as its database extension stores it. */
export interface StockDocument {
  readonly name: string
  /** Null or empty where there is nothing. */
  readonly data: Uint8Array | null
}

/** Where they stand. Hocuspocus' own SQLite extension has a table `documents` with `name` and `data`. */
export interface StockTable {
  /** May be `schema.table`. */
  readonly table: string
  readonly nameColumn: string
  readonly dataColumn: string
}

/** Read at a time: a document may be of megabytes. */
const PAGE = 10

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`

const selection = ({ table, nameColumn, dataColumn }: StockTable): string =>
  `select ${quoted(nameColumn)} as name, ${quoted(dataColumn)} as data
   from ${table.split('.').map(quoted).join('.')} order by 1`

/** Every document, by a path of a SQLite file or the URL of a Postgres; nothing is written there. */
export const stockDocuments = (source: string, table: StockTable): AsyncGenerator<StockDocument> =>
  /^postgres(ql)?:\/\//.test(source) ? fromPostgres(source, table) : fromSqlite(source, table)

async function* fromSqlite(path: string, table: StockTable): AsyncGenerator<StockDocument> {
  // Not there before Node 22.5, and whoever reads a Postgres needs none.
  const { DatabaseSync } = await import('node:sqlite')
  const database = new DatabaseSync(path, { readOnly: true })
  try {
    for (const row of database.prepare(selection(table)).iterate()) yield documentOf(row)
  } finally {
    database.close()
  }
}

/** Of one moment. */
async function* fromPostgres(url: string, table: StockTable): AsyncGenerator<StockDocument> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query('begin isolation level repeatable read, read only')
    await client.query(`declare stock no scroll cursor for ${selection(table)}`)
    for (;;) {
      const { rows } = await client.query<Record<string, unknown>>(`fetch ${PAGE} from stock`)
      for (const row of rows) yield documentOf(row)
      if (rows.length < PAGE) return
    }
  } finally {
    await client.end()
  }
}

function documentOf({ name, data }: Readonly<Record<string, unknown>>): StockDocument {
  if (data !== null && !(data instanceof Uint8Array))
    throw new Error(`the document ${String(name)} is of the type ${typeof data}, and bytes are expected`)
  return { name: String(name), data }
}

import { join } from 'node:path'
import type pg from 'pg'
import { z } from 'zod'
import { inTransaction, type Queryable } from '../storage/transaction.ts'
import { contents, fileOf, ROOMS } from './contents.ts'
import { checkedLines, Tally } from './lines.ts'
import { type ExportedFile, type Manifest, readManifest } from './manifest.ts'
import { type Column, columnsOf, countOn, insertRows, PATIENTLY, quoted, type Row } from './rows.ts'
import { schemaOf } from './schema.ts'
import { EXPORTED } from './tables.ts'

/** The tables as the database has them. */
type Columns = ReadonlyMap<string, readonly Column[]>

/** Rows that are written together, and characters of them. */
const BATCH = { rows: 1_000, characters: 4 * 1024 * 1024 }

const rowSchema = z.array(z.string().nullable())

/**
 * Brings everything that an export has into an empty database. All files are read and checked before anything is written; then
 * all is written in one transaction, which commits once what the database has gives the very files again.
 * @throws Error that says what is wrong; then nothing was written
 */
export async function importServer(pool: pg.Pool, folder: string): Promise<Manifest> {
  const manifest = await readManifest(folder)
  await requireSchema(pool, manifest)
  const columns: Columns = new Map(
    await Promise.all(EXPORTED.map(async ([table]) => [table, await columnsOf(pool, table)] as const)),
  )
  for (const file of filesOf(manifest)) {
    for await (const _ of rowsIn(folder, file, columns)); // read to its end is checked
  }
  await inTransaction(pool, async (client) => {
    await client.query('set local statement_timeout = 0; set local idle_in_transaction_session_timeout = 0')
    // Nobody begins to write meanwhile, and who has begun is waited for.
    const text = `lock table ${EXPORTED.map(([table]) => quoted(table))} in access exclusive mode`
    await client.query({ text, ...PATIENTLY })
    await requireEmpty(client)
    for (const [table] of EXPORTED) {
      const own = columns.get(table) ?? []
      await client.query(`alter table ${quoted(table)} disable trigger user`)
      const file = filesOf(manifest).find(({ name }) => name === fileOf(table))
      if (file === undefined) continue
      for await (const rows of pages(rowsIn(folder, file, columns)))
        await insertRows(client, table, own, rows)
      await client.query(`alter table ${quoted(table)} enable trigger user`)
      await countOn(client, table, own)
    }
    await requireSame(client, manifest)
  })
  return manifest
}

async function requireSchema(client: Queryable, { schema }: Manifest): Promise<void> {
  const own = await schemaOf(client)
  if (own !== schema)
    throw new Error(
      `The export is of the schema ${schema} and the database has ${own}: import it with the version that wrote it, and start the newer one then`,
    )
}

/** @throws Error where the files are not those of an export of this schema */
function filesOf({ files }: Manifest): readonly ExportedFile[] {
  const expected = [...EXPORTED.map(([table]) => fileOf(table)), ROOMS]
  const names = files.map(({ name }) => name)
  if (names.join() !== expected.join())
    throw new Error(`The manifest names ${names.join(', ')}; an export has ${expected.join(', ')}`)
  return files
}

/** The rows of a file. @throws Error at its end at the latest, where it is not as it was written */
async function* rowsIn(folder: string, file: ExportedFile, columns: Columns): AsyncGenerator<Row> {
  const path = join(folder, file.name)
  const own = [...columns].find(([table]) => fileOf(table) === file.name)?.[1]
  let header = own !== undefined
  for await (const text of checkedLines(path, file)) {
    if (own === undefined) continue
    const parsed = rowSchema.safeParse(parse(text))
    if (!parsed.success || parsed.data.length !== own.length)
      throw new Error(`${path} is not as it was written: a line is no row of ${own.length} columns`)
    if (!header) yield parsed.data
    else if (parsed.data.join() !== own.map(({ name }) => name).join())
      throw new Error(`${path}: its columns are not those of the table`)
    header = false
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

async function* pages(rows: AsyncIterable<Row>): AsyncGenerator<readonly Row[]> {
  let page: Row[] = []
  let size = 0
  for await (const row of rows) {
    page.push(row)
    size += row.reduce((total, value) => total + (value?.length ?? 0), 0)
    if (page.length < BATCH.rows && size < BATCH.characters) continue
    yield page
    page = []
    size = 0
  }
  if (page.length > 0) yield page
}

async function requireEmpty(client: Queryable): Promise<void> {
  for (const [table] of EXPORTED) {
    const { rowCount } = await client.query(`select from ${quoted(table)} limit 1`)
    if (rowCount !== 0)
      throw new Error(
        `A whole server is imported into an empty database, and this one has something in ${table}; single rooms are exported and imported by their names`,
      )
  }
}

/** @throws Error where an export of what is there now would not be the one that was imported */
async function requireSame(client: Queryable, { files }: Manifest): Promise<void> {
  const expected = new Map(files.map(({ name, sha256 }) => [name, sha256]))
  for await (const { name, lines } of contents(client)) {
    const tally = new Tally(name)
    for await (const _ of tally.of(lines));
    if (tally.total().sha256 !== expected.get(name))
      throw new Error(`What the database made of ${name} is not what stands in it: nothing was imported`)
  }
}

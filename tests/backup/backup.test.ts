import { cp, readdir, readFile, truncate, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { exportServer } from '../../server/backup/export.ts'
import { importServer } from '../../server/backup/import.ts'
import { type Manifest, manifestText, readManifest } from '../../server/backup/manifest.ts'
import { EXPORTED, TABLES } from '../../server/backup/tables.ts'
import { connectTo, database, entriesOf, fill, openLog, openRoom } from '../log/fixture.ts'
import { until } from '../support/server.ts'
import { folder, startSyncline, syncline } from '../transfer/support.ts'
import { asked, type Lively, livelyServer } from './lively.ts'

/** What does not come about by itself in a few seconds. */
const SELDOM = {
  room_snapshots: `id, 0, '2026-01-01 00:00:00.123456+02', '\\x00ff', '\\x01', 5`,
  restores: `id, '\\x02', 9007199254740993, now()`,
  'digest_windows overriding system value': `41, id, 'build', 'infinity', false`,
  'digest_items overriding system value': `id, 'item', 42, 41, '{"a": [1.50, "\\u2028"]}', now()`,
}

const atEnd: (() => Promise<unknown>)[] = []
let lively: Lively
/** An export of it. */
let whole: string

beforeAll(async () => {
  lively = await livelyServer()
  atEnd.push(() => lively.server.dispose())
  const db = await connectTo(lively.server.databaseUrl, (end) => atEnd.push(end))
  // Enough for segments.
  const log = openLog(db, undefined, (end) => atEnd.push(end))
  await fill(await openRoom(log, 'notes:long'), 2_500)
  await log.close()
  for (const [table, values] of Object.entries(SELDOM))
    await asked(
      lively.server.databaseUrl,
      `insert into ${table} select ${values} from rooms where name = 'user:bo'`,
    )
  whole = join(await folder((end) => atEnd.push(end)), 'whole')
}, 60_000)
afterAll(async () => {
  for (const end of atEnd.reverse()) await end()
})

const rowsIn = (manifest: Manifest, table: string) =>
  (manifest.files.find(({ name }) => name === `${table}.jsonl`)?.lines ?? 0) - 1

it('[BAK1] every table of the schema is exported, derived, or left out for a reason', async () => {
  const { url } = await database()
  const tables = await asked<{ name: string }>(
    url,
    `select table_name as name from information_schema.tables
     where table_schema not in ('pg_catalog', 'information_schema')`,
  )
  expect(tables.map(({ name }) => name).sort()).toEqual(Object.keys(TABLES).sort())
})

it('[BAK2] a whole server is exported beside its people, and is the same in another database', async () => {
  const { server } = lively
  expect(await syncline(server.databaseUrl, 'export', '--all', '--out', whole)).toMatchObject({ code: 0 })
  const manifest = await readManifest(whole)
  // What is compared is there.
  const empty = EXPORTED.map(([table]) => table).filter((table) => rowsIn(manifest, table) < 1)
  expect(empty).toEqual(['event_queue'])

  const { url, db } = await database()
  const imported = await syncline(url, 'import', whole)
  expect(imported).toMatchObject({ code: 0, output: expect.stringContaining(manifest.sha256) })
  const again = join(await folder(), 'again')
  await exportServer(db.pool, again)
  for (const name of await readdir(whole))
    expect((await readFile(join(again, name))).equals(await readFile(join(whole, name)))).toBe(true)
  // It goes on where the other one stood.
  const log = openLog(db)
  const before = (await entriesOf(log, 'doc:plan')).length
  await fill(await openRoom(log, 'doc:plan'), 1)
  expect((await entriesOf(log, 'doc:plan')).map(({ seq }) => seq).at(-1)).toBe(before + 1)
  await openRoom(log, 'doc:new')
  const [last] = await asked(
    url,
    `insert into digest_windows (room_id, category, closes_at)
    select id, 'x', now() from rooms where name = 'doc:new' returning id::int`,
  )
  expect(last).toEqual({ id: 42 })
  expect(
    await asked(url, `select from rooms where name = 'doc:secret' and deleted_at is not null`),
  ).toHaveLength(1)
}, 30_000)

it('[BAK2] what is said while it is exported is not in it, and nothing is in it by half', async () => {
  const { server, ada } = lively
  const db = await connectTo(server.databaseUrl)
  const blocker = await db.pool.connect()
  onTestFinished(() => blocker.release())
  await blocker.query('begin; lock table people in access exclusive mode')
  const meanwhile = join(await folder(), 'meanwhile')
  const exporting = exportServer(db.pool, meanwhile)
  // Rooms and their events are written by then, and their hashes are not.
  const waits = `select from pg_locks where not granted and relation = 'people'::regclass`
  await until(async () => (await asked(server.databaseUrl, waits)).length > 0)
  await ada.say('build:7', 'too late')
  await blocker.query('commit')
  await exporting
  const other = await database()
  await importServer(other.db.pool, meanwhile)
  const late = `select from room_events where payload ->> 'text' = 'too late'`
  expect(await asked(server.databaseUrl, late)).toHaveLength(1)
  expect(await asked(other.url, late)).toHaveLength(0)
})

/** An export of the lively server, to be spoiled. */
async function copied(): Promise<string> {
  const copy = join(await folder(), 'copy')
  await cp(whole, copy, { recursive: true })
  return copy
}

/** As somebody would write it who knows how. */
async function rewrite(folder: string, change: (manifest: Manifest) => unknown): Promise<void> {
  const manifest = await readManifest(folder)
  change(manifest)
  await writeFile(join(folder, 'manifest.json'), manifestText(manifest))
}

/** One bit of the first byte, of one in the middle or of the last one. */
async function flip(path: string, part: number): Promise<void> {
  const bytes = await readFile(path)
  const place = Math.min(bytes.length - 1, Math.floor((part * bytes.length) / 2))
  bytes[place] = (bytes[place] ?? 0) ^ 1
  await writeFile(path, bytes)
}

const untouched = async (url: string) => {
  for (const [table] of EXPORTED) expect(await asked(url, `select from ${table} limit 1`), table).toEqual([])
}

it('[BAK3] an export that is not as it was written is imported in no part', async () => {
  const { url, db } = await database()
  const spoiled = async (spoil: (folder: string) => Promise<unknown>, why: RegExp) => {
    const copy = await copied()
    await spoil(copy)
    await expect(importServer(db.pool, copy)).rejects.toThrow(why)
  }
  const flipped = await copied()
  for (const [at, name] of (await readdir(whole)).entries()) {
    const path = join(flipped, name)
    await flip(path, at % 3)
    await expect(importServer(db.pool, flipped), name).rejects.toThrow(/manifest|no row|columns/)
    await flip(path, at % 3)
  }
  await spoiled((copy) => truncate(join(copy, 'room_events.jsonl'), 200), /not as it was written/)
  await spoiled((copy) => writeFile(join(copy, 'people.jsonl'), ''), /not as it was written/)
  await spoiled((copy) => unlink(join(copy, 'versions.jsonl')), /ENOENT.*versions/)
  await spoiled((copy) => unlink(join(copy, 'manifest.json')), /no export of a server/)
  await spoiled((copy) => rewrite(copy, (manifest) => Object.assign(manifest, { version: 2 })), /version/)
  await spoiled(
    (copy) => rewrite(copy, (manifest) => Object.assign(manifest, { schema: '001_log' })),
    /schema/,
  )
  await spoiled((copy) => rewrite(copy, ({ files }) => files.pop()), /manifest names/)
  await untouched(url)
}, 30_000)

it('[BAK4] what the database makes of an import is compared with it before it counts', async () => {
  const { url, db } = await database()
  // A database that does something of its own to what is written.
  await asked(
    url,
    `
    create rule change as on insert to people do also update people set name = name || '!'`,
  )
  await expect(importServer(db.pool, whole)).rejects.toThrow('What the database made of people.jsonl')
  await untouched(url)
  await asked(url, 'drop rule change on people')
  await importServer(db.pool, whole)
  await expect(importServer(db.pool, whole)).rejects.toThrow('an empty database')
})

it('[BAK5] an import that is killed has left nothing, and the next one is whole', async () => {
  const { url, db } = await database()
  const blocker = await db.pool.connect()
  onTestFinished(() => blocker.release())
  // Midway: rooms and their logs are written by then.
  await blocker.query('select pg_advisory_lock(7)')
  await asked(url, `create rule wait as on insert to audit_log do also select pg_advisory_xact_lock(7)`)
  const importing = startSyncline(url, 'import', whole)
  const waits = `select from pg_locks where locktype = 'advisory' and not granted`
  await until(async () => (await asked(url, waits)).length > 0)
  const gone = new Promise((resolve) => importing.once('exit', resolve))
  importing.kill('SIGKILL')
  await gone
  await blocker.query('select pg_advisory_unlock(7)')
  await untouched(url)
  await asked(url, 'drop rule wait on audit_log')
  expect(await importServer(db.pool, whole)).toEqual(await readManifest(whole))
})

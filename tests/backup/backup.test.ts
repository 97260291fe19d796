import { cp, readdir, readFile, truncate, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { inconsistencies } from '../../server/backup/checks.ts'
import { exportServer } from '../../server/backup/export.ts'
import { importServer } from '../../server/backup/import.ts'
import { type Manifest, manifestText, readManifest } from '../../server/backup/manifest.ts'
import { EXPORTED, TABLES } from '../../server/backup/tables.ts'
import { Somebody } from '../chat/people.ts'
import { connectTo, database, entriesOf, fill, openLog, openRoom } from '../log/fixture.ts'
import { connectProvider } from '../support/provider.ts'
import { startServer, until } from '../support/server.ts'
import { SECRET } from '../support/tokens.ts'
import { folder, startSyncline, syncline } from '../transfer/support.ts'
import { asked, type Lively, livelyServer } from './lively.ts'

/** Of locks, those in this database: the others of the machine are other tests'. */
const HERE = 'database = (select oid from pg_database where datname = current_database())'

const atEnd: (() => Promise<unknown>)[] = []
let lively: Lively
/** An export of it. */
let whole: string

beforeAll(async () => {
  lively = await livelyServer()
  atEnd.push(() => lively.server.dispose())
  whole = join(await folder((end) => atEnd.push(end)), 'whole')
}, 60_000)
afterAll(async () => {
  for (const end of atEnd.reverse()) await end()
})

/** They are emptied as soon as something is in them. */
const QUEUES = ['event_queue', 'telling_queue', 'analytics_turns']

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
  expect(empty.filter((table) => !QUEUES.includes(table))).toEqual([])

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
})

it('[BAK2] what is said while it is exported is not in it, and nothing is in it by half', async () => {
  const { server, ada } = lively
  const db = await connectTo(server.databaseUrl)
  const blocker = await db.pool.connect()
  onTestFinished(() => blocker.release())
  await blocker.query('begin; lock table people in access exclusive mode')
  const meanwhile = join(await folder(), 'meanwhile')
  const exporting = exportServer(db.pool, meanwhile)
  // Rooms and their events are written by then, and their hashes are not.
  const waits = `select from pg_locks where not granted and relation = 'people'::regclass and ${HERE}`
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
    await expect(importServer(db.pool, flipped), name).rejects.toThrow(
      /manifest|not as it was written|columns/,
    )
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
})

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
  const waits = `select from pg_locks where locktype = 'advisory' and not granted and ${HERE}`
  await until(async () => (await asked(url, waits)).length > 0)
  const gone = new Promise((resolve) => importing.once('exit', resolve))
  importing.kill('SIGKILL')
  await gone
  await blocker.query('select pg_advisory_unlock(7)')
  await untouched(url)
  await asked(url, 'drop rule wait on audit_log')
  expect(await importServer(db.pool, whole)).toEqual(await readManifest(whole))
})

const IN = (room: string) => `(select id from rooms where name = '${room}')`

/** What somebody has changed by SQL, and what is then said of it. */
const SPOILED: readonly (readonly [change: string, said: string])[] = [
  ["update rooms set kind = 'other' where name = 'doc:secret'", 'doc:secret: its kind is other'],
  [
    `insert into versions (room_id, seq, at, kind, author) select ${IN('doc:plan')}, 999, now(), 'named', 'ada'`,
    'doc:plan: versions has the position 999, and the log ends at ',
  ],
  [`update inboxes set seen_until = 99`, 'user:ada: inboxes has the position 99'],
  [
    `insert into room_updates select room_id, seq, at, actor, '' from room_events where room_id = ${IN('build:7')}`,
    'build:7: position 1 is an edit and an event',
  ],
  [
    `insert into room_updates select ${IN('notes:long')}, 7, now(), 'eve', ''`,
    'notes:long: position 7 is packed and unpacked',
  ],
  [
    `insert into room_segments select room_id, 990, 1100, first_at, last_at, bytes
    from room_segments where room_id = ${IN('notes:long')} limit 1`,
    'notes:long: two segments have position ',
  ],
  [
    `alter table room_events drop constraint room_events_room_id_id_key;
    update room_events set id = 'same' where room_id = ${IN('build:7')}`,
    'build:7: 2 events have the id same',
  ],
  [
    `update room_events set actor = 'eve' where type = 'chat.message' and id = 'hello'`,
    ': message 2 is no message of the log',
  ],
  [`update chat_messages set number = 7 where seq = 3`, ': message 3 is counted as 7 and 1 of its author'],
  [`update chats set messages = 5`, ': the chat counts 5 messages, the last at 3'],
  [`update chat_members set said = 9 where user_id = 'bo'`, ': bo has said 9 messages'],
  [`update read_positions set number = 7`, ': what ada has not read is miscounted'],
  [`update chat_reactions set seq = 1`, ': a reaction is to 1, which is no message'],
  [`delete from chat_messages where seq = 3`, ': message 3 of the log is in no chat'],
  [
    `update room_events set type = 'user.seen' where type = 'user.notified'`,
    'user:bo: notification 1 is none of the log',
  ],
  [
    `update activities set actor = 'eve' where type = 'build.created'`,
    'build:7: the activity at 1 is no event',
  ],
  [
    `update activities set entries = 999 where type = 'edited'`,
    ': the activity of ada at 1 is not what history has',
  ],
  [
    `update history_stretches set people = '{}' where room_id = ${IN('doc:plan')}`,
    'doc:plan: sessions from 1 on are not what was counted',
  ],
  [
    `update history_activity set entries = 999 where room_id = ${IN('doc:plan')}`,
    'doc:plan: history counts more entries from 1 on than there are',
  ],
  [
    `insert into room_loads values (12345)`,
    'the database: room_loads has rows of room 12345, which is not there',
  ],
  [
    `update people set name = 'deleted person', erased_at = now() where id = 'bo'`,
    'the database: when bo, who was erased, was seen is there',
  ],
  [
    `alter table people disable trigger user; update people set name = 'Bo' where id = 'bo'`,
    'the database: bo was erased and is called Bo',
  ],
  [
    `insert into people values ('ada', 'deleted person', now())
     on conflict (id) do update set name = excluded.name, erased_at = excluded.erased_at`,
    'user:ada: the inbox of somebody who was erased is there',
  ],
  [
    `select setval(pg_get_serial_sequence('rooms', 'id'), 2)`,
    'the database: rooms.id would give out 3 again',
  ],
]

it('[BAK6] `verify` finds what does not agree with the logs', async () => {
  const { url, db } = await database()
  await importServer(db.pool, whole)
  const found = async () =>
    (await inconsistencies(db.pool)).map(({ room, problem }) => `${room ?? 'the database'}: ${problem}`)
  const { code, output } = await syncline(url, 'verify')
  expect({ code, output }).toMatchObject({ code: 0, output: expect.stringContaining('0 inconsistencies') })
  let before = await found()
  for (const [change, said] of SPOILED) {
    expect(before, change).not.toContainEqual(expect.stringContaining(said))
    await asked(url, change)
    before = await found()
    expect(before, change).toContainEqual(expect.stringContaining(said))
  }
  expect(await syncline(url, 'verify')).toMatchObject({
    code: 1,
    output: expect.stringContaining('doc:secret: its kind is other'),
  })
})

it('[BAK8] who knows more than what was restored brings it back, and is told that its position is not there', async () => {
  const { server, ada, bo } = lively
  const { wsUrl } = server
  const before = connectProvider({ wsUrl, room: 'doc:plan', token: ada.token })
  await before.synced()
  before.edits.push(['typed after the export'])
  await before.saved()
  await ada.publish('doc:plan', 'comment.created', { text: 'said after the export' })
  before.destroy()

  const { url, db } = await database()
  await importServer(db.pool, whole)
  const restored = await startServer({ env: { JWT_SECRET: SECRET, DATABASE_URL: url } })
  onTestFinished(() => restored.dispose())
  const at = { wsUrl: restored.wsUrl, room: 'doc:plan' }
  const after = connectProvider({ ...at, token: ada.token, document: before.document })
  const other = connectProvider({ ...at, token: bo.token })
  onTestFinished(() => {
    for (const replica of [after, other]) replica.destroy()
  })
  await other.holds('typed after the export')
  await after.saved()
  expect(other.edits.toArray()).toEqual(before.edits.toArray())
  const asker = Somebody.with(restored, 'ada', ada.token)
  expect(await asker.ask('GET', '/rooms/doc:plan/events?after=9999')).toBe('position-invalid')
  const said = await asker.ask('GET', '/rooms/doc:plan/events?after=0')
  expect(JSON.stringify(said)).not.toContain('said after the export')
})

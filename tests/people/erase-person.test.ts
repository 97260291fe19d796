import { afterAll, beforeAll, expect, it } from 'vitest'
import { PERSON_TABLES } from '../../server/people/tables.ts'
import { asked } from '../backup/lively.ts'
import { Somebody } from '../chat/people.ts'
import { freshDatabase } from '../support/database.ts'
import { connectProvider } from '../support/provider.ts'
import { startServer, type TestServer, until } from '../support/server.ts'
import { SECRET, tokenOf } from '../support/tokens.ts'
import { syncline } from '../transfer/support.ts'

let url: string
let end: () => Promise<void>
let here: TestServer
/** Another node, on the same database. */
let there: TestServer

beforeAll(async () => {
  const { storage, drop } = await freshDatabase()
  url = storage.url
  end = drop
  const env = { JWT_SECRET: SECRET, DATABASE_URL: url }
  ;[here, there] = await Promise.all([startServer({ env }), startServer({ env })])
}, 60_000)
afterAll(async () => {
  await there?.dispose()
  await here?.dispose()
  await end?.()
})

const GRANTS = { 'doc:*': 'write', 'chat:*': 'admin', 'project:*': 'admin' } as const
const person = (id: string, server = here, issued = 0) =>
  Somebody.with(server, id, tokenOf(id, { grants: GRANTS, issued }))
const administrator = () => Somebody.with(here, 'root', tokenOf('root', { grants: { '*:*': 'admin' } }))
const names = async (who: Somebody, room: string) => (await who.ask('GET', `/rooms/${room}/entries`)).names

/** Connects to a node and types. */
async function typing({ wsUrl }: TestServer, id: string, issued = 0) {
  const token = tokenOf(id, { grants: GRANTS, issued })
  const replica = connectProvider({ wsUrl, room: 'doc:plan', token })
  await replica.synced()
  replica.edits.push([id])
  await replica.saved()
  return replica
}

it('[PER1] a person is erased: a deleted person everywhere, no inbox, no way in, and it stays so on every node', async () => {
  const [ada, bo] = [person('ada'), person('bo')]
  const replicas = [await typing(here, 'ada'), await typing(there, 'ada'), await typing(here, 'bo')]
  await ada.publish('doc:plan', 'comment.created', { text: 'Look, @bo', mentions: ['bo'] }, 'thread')
  await bo.publish('doc:plan', 'comment.replied', { thread: 'thread', text: 'I do, @ada', mentions: ['ada'] })
  const group = await ada.group('Us', bo)
  const direct = await bo.direct(ada)
  await ada.say(group, 'hello', 'hello')
  await ada.say(direct, 'you', 'you')
  await ada.publish('project:moon', 'project.member.joined', { user: 'ada' })
  await ada.publish('user:ada', 'user.preferences', { muted: { 'doc:other': true } })
  await ada.ask('PUT', '/chats/blocked/eve', { blocked: true })
  await ada.ask('POST', '/rooms/doc:plan/events/ticket')
  const inbox = async () => (await bo.ask('GET', '/users/bo/notifications')).names
  await until(async () => (await inbox()).ada === 'ada' && (await ada.messages(group)).messages.length === 1)
  await ada.read(group, 2)
  expect(await names(bo, 'doc:plan')).toEqual({ ada: 'ada', bo: 'bo' })
  await until(async () => (await asked(url, `select from people_seen where user_id = 'ada'`)).length > 0)

  await until(
    async () =>
      (await asked(url, 'select room_id from event_queue union all select room_id from telling_queue'))
        .length === 0,
  )

  // Nobody but an administrator; first to see what it would be.
  expect(await bo.ask('DELETE', '/people/ada')).toBe('forbidden')
  const dryRun = await administrator().ask('DELETE', '/people/ada?dryRun=true')
  expect(await names(bo, 'doc:plan')).toEqual({ ada: 'ada', bo: 'bo' })
  const report = await administrator().ask('DELETE', '/people/ada')
  // But for what a node writes by itself some seconds after the last edit: it may come between the two.
  const steady = ({ tables, ...rest }: { tables: { table: string }[] }) => ({
    ...rest,
    tables: tables.filter(({ table }) => !['history_activity', 'room_sizes'].includes(table)),
  })
  expect(steady(report)).toEqual({ ...steady(dryRun), dryRun: false })
  const line = (table: string) => report.tables.find((one: { table: string }) => one.table === table)
  const own = [
    'people_seen',
    'room_people',
    'read_positions',
    'project_members',
    'event_tickets',
    'chat_blocks',
  ]
  for (const table of [...own, 'notifications', 'notification_preferences']) {
    expect(line(table).fate, table).toBe('removed')
    expect(line(table).rows, table).toBeGreaterThan(0)
  }
  expect(line('chat_messages')).toMatchObject({ fate: 'kept', rows: 2, why: expect.any(String) })

  // Whoever has a token of hers is out, on every node.
  await until(() =>
    replicas.slice(0, 2).every(({ closes, denials }) => [...closes, ...denials].includes('revoked')),
  )
  expect(replicas[2]?.closes).toEqual([])
  await until(async () => (await person('ada', there, -1).ask('GET', '/chats')) === 'revoked')
  // Her name is nowhere, whichever node is asked.
  const gone = { ada: 'deleted person', bo: 'bo' }
  expect(await names(bo, 'doc:plan')).toEqual(gone)
  expect(await names(person('bo', there), 'doc:plan')).toEqual(gone)
  expect((await bo.messages(group)).names.ada).toBe('deleted person')
  expect((await inbox()).ada).toBe('deleted person')
  const chats = (await bo.ask('GET', '/chats')).chats as { room: string; members: { name: string }[] }[]
  const called = (room: string) => chats.find((chat) => chat.room === room)?.members.map(({ name }) => name)
  expect([called(group), called(direct)]).toEqual(
    [['bo'], ['bo', 'deleted person']].map((all) => expect.arrayContaining(all)),
  )
  expect(called(group)).toHaveLength(1)
  expect(JSON.stringify(await bo.ask('GET', '/presence?room=doc:plan'))).not.toContain('"ada"')
  const audit = await administrator().ask('GET', '/audit')
  expect(audit.acts).toContainEqual(
    expect.objectContaining({ act: 'person.erase', actor: 'root', subject: 'user:ada' }),
  )

  // She comes again, under the old id on the other node and under a new one.
  replicas.push(await typing(there, 'ada', 10), await typing(there, 'ada-2'))
  expect(await names(bo, 'doc:plan')).toEqual({ ...gone, 'ada-2': 'ada-2' })
  const again = person('ada', there, 10)
  expect((await again.ask('GET', '/users/ada/notifications')).notifications).toEqual([])
  expect(await again.publish('user:ada', 'user.seen', { until: 1 })).toBe('room-deleted')
  for (const replica of replicas) replica.destroy()
  await asked(
    url,
    `insert into people values ('ada', 'ada') on conflict (id) do update set name = excluded.name`,
  )
  await asked(url, `insert into people_seen values ('ada', 'ada', null, now())`)
  expect(await names(bo, 'doc:plan')).toEqual({ ...gone, 'ada-2': 'ada-2' })
  expect(await asked(url, `select from people_seen where user_id = 'ada'`)).toEqual([])
  expect((await syncline(url, 'verify')).output).toContain('0 inconsistencies')
})

it('[PER2] who has never been here is erased beforehand, from the command line too, as often as one likes', async () => {
  expect((await syncline(url, 'erase-person', 'cy', '--by', 'root')).output).toContain('cy is erased')
  expect((await syncline(url, 'erase-person', 'cy')).code).toBe(0)
  const audit = `select actor from audit_log where act = 'person.erase' and subject = 'user:cy' order by id`
  expect(await asked(url, audit)).toEqual([{ actor: 'root' }, { actor: 'system' }])
  const named = `select name from people where id = 'cy' and erased_at is not null`
  expect(await asked(url, named)).toEqual([{ name: 'deleted person' }])
  expect(await administrator().ask('DELETE', '/people/%20')).toBe('request-invalid')
})

it('[PER3] every table that names people is in the report', async () => {
  const columns = await asked<{ table: string }>(
    url,
    `select distinct table_name as "table" from information_schema.columns
     where table_schema = 'public' and (table_name = 'people'
       or column_name in ('user_id', 'actor', 'author', 'created_by', 'deleted_by', 'blocked', 'people', 'recent', 'actors'))
     order by 1`,
  )
  const named = Object.keys(PERSON_TABLES).filter(
    (table) => !['room_segments', 'history_blocks', 'webhook_deliveries'].includes(table),
  )
  expect(columns.map(({ table }) => table)).toEqual(named.sort())
})

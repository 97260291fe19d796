import pg from 'pg'
import * as Y from 'yjs'
import { packRoom } from '../../server/log/pack.ts'
import type { Grants } from '../../server/protocol.ts'
import { Somebody } from '../chat/people.ts'
import { type AtEnd, connectTo, openLog, openRoom } from '../log/fixture.ts'
import { connectProvider } from '../support/provider.ts'
import { startServer, type TestServer, until } from '../support/server.ts'
import { SECRET, tokenOf } from '../support/tokens.ts'

const EVERYTHING: Grants = { '*:*': 'admin' }
const GRANTS: Grants = { 'doc:*': 'write', 'build:*': 'write', 'project:*': 'admin', 'chat:*': 'admin' }

export interface Lively {
  readonly server: TestServer
  readonly administrator: Somebody
  readonly ada: Somebody
  readonly bo: Somebody
  /** In which both have talked. */
  readonly chat: string
}

/** A server on which people have done something of everything. */
export async function livelyServer(): Promise<Lively> {
  const server = await startServer({ env: { JWT_SECRET: SECRET } })
  const person = (id: string, grants: Grants) => Somebody.with(server, id, tokenOf(id, { grants }))
  const administrator = person('root', EVERYTHING)
  const ada = person('ada', GRANTS)
  const bo = person('bo', GRANTS)
  for (const { id, token } of [ada, bo]) {
    const replica = connectProvider({ wsUrl: server.wsUrl, room: 'doc:plan', token })
    await replica.synced()
    for (let edit = 0; edit < 40; edit += 1) replica.edits.push([`${id} ${edit}`])
    await replica.saved()
    replica.destroy()
  }
  await ada.ask('POST', '/rooms/doc:plan/versions', { title: 'First' })
  await ada.publish(
    'doc:plan',
    'comment.created',
    { text: 'Look, @bo\u2028here', mentions: ['bo'] },
    'thread',
  )
  await bo.publish('doc:plan', 'comment.replied', { thread: 'thread', text: 'I do' })
  await ada.publish('project:moon', 'project.member.joined', { user: 'bo' })
  await ada.publish('project:moon', 'project.room.added', { room: 'doc:plan' })
  await bo.publish('build:7', 'build.created', { title: 'Seven', project: 'moon' })
  await bo.publish('build:7', 'build.log', { first: 1, lines: ['ä', 'line\nbreak'] })
  const chat = await ada.group('Us', bo)
  await ada.say(chat, 'hello', 'hello')
  await bo.say(chat, 'and you?')
  await bo.publish(chat, 'chat.reaction.added', { message: 'hello', emoji: '🎉' })
  await ada.read(chat, 3)
  await ada.publish('user:ada', 'user.preferences', { muted: { 'build:7': true }, digests: { build: 30 } })
  await ada.publish('user:ada', 'user.seen', { until: 1 })
  await ada.ask('PUT', '/chats/blocked/eve', { blocked: true })
  await ada.publish('doc:secret', 'comment.created', { text: 'Gone tomorrow' })
  await administrator.ask('DELETE', '/rooms/doc:secret')
  await administrator.ask('POST', '/access/revoke', { user: 'eve', room: 'doc:plan' })
  await ada.ask('GET', '/rooms/doc:plan/timeline')
  const measures = [{ name: 'signups', value: 2, labels: { plan: 'free' } }]
  await administrator.ask('POST', '/rooms/analytics:moon/metrics', { id: 'first', measures })
  const rule = { metric: 'signups', of: 'sum', over: 60, is: 'above', threshold: 100 }
  await administrator.ask('PUT', '/rooms/analytics:moon/alerts/crowd', rule)
  await until(async () => (await bo.ask('GET', '/users/bo/notifications')).notifications.length > 0)
  await addSeldom(server.databaseUrl)
  return { server, administrator, ada, bo, chat }
}

/** What does not come about by itself in a few seconds. */
const SELDOM = {
  keyed_writes: `id, '\\x01', '\\x02', 3, 9007199254740993, '\\x03', 'print', null, true, now(), '{table,image}'`,
  versions_kept_to: `id, 1`,
  restores: `id, '\\x02', 9007199254740993, now()`,
  'digest_windows overriding system value': `41, id, 'build', 'infinity', false`,
  'digest_items overriding system value': `id, 'item', 42, 41, '{"a": [1.50, "\\u2028"]}', now()`,
}

/** And a room that is long enough for segments. */
async function addSeldom(url: string): Promise<void> {
  for (const [table, values] of Object.entries(SELDOM))
    await asked(url, `insert into ${table} select ${values} from rooms where name = 'user:bo'`)
  const ends: Parameters<AtEnd>[0][] = []
  const db = await connectTo(url, (end) => ends.push(end))
  const log = openLog(db, undefined, (end) => ends.push(end))
  const room = await openRoom(log, 'notes:long')
  const doc = new Y.Doc()
  doc.on('update', (bytes: Uint8Array) => room.append({ actor: 'ada', at: 1_700_000_000_000, bytes }))
  for (let edit = 0; edit < 2_500; edit += 1) doc.getText('content').insert(edit, 'x')
  await room.durable()
  await log.saveSnapshot(room.id, { seq: 2_500, state: Y.encodeStateAsUpdate(doc) })
  await packRoom(db.pool, room.id)
  for (const end of ends.reverse()) await end()
}

/** Asks the database of a server, or another one. */
export async function asked<Row extends pg.QueryResultRow>(
  url: string,
  sql: string,
  values: readonly unknown[] = [],
): Promise<readonly Row[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<Row>(sql, [...values])).rows
  } finally {
    await client.end()
  }
}

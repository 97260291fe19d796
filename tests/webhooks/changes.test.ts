import { beforeEach, expect, it } from 'vitest'
import { readConfig } from '../../server/config.ts'
import type { Seq } from '../../server/log/entry.ts'
import { insertDocument, insertLog } from '../../server/transfer/insert-room.ts'
import type { LoggedEntry } from '../../server/transfer/log-file.ts'
import { tellChanges } from '../../server/webhooks/changes.ts'
import { databaseOfFile } from './database.ts'

const database = databaseOfFile()
beforeEach(async () => {
  await database.pool.query(
    `insert into webhooks (url, description, events, rooms, secret, active, created_by, created_at)
     values ('https://a.example', '', '{document.changed,event:*}', '{}', 's', true, 'root', now() - interval '1 day')`,
  )
})

const told = async () =>
  (await database.pool.query('select type, room, data from webhook_deliveries order by number')).rows
const MINUTE = 60_000

/** A room with an edit a second, the last of them so many seconds ago. */
async function edited(name: string, edits: number, ago: number): Promise<void> {
  await database.pool.query(
    `with room as (insert into rooms (name, kind, created_by) values ($1, 'doc', 'ada') returning id)
     insert into webhook_changes (room_id, first_seq, last_seq, at, actors)
     select id, n, n, now() - ($2 - n + $3) * interval '1 second', array['ada', 'bo' || n % 2]
     from room, generate_series(1, $2) as n`,
    [name, edits, ago],
  )
  await database.pool.query(`delete from webhook_deliveries where type = 'room.created'`)
}

it('[HOOK1] edits are told of as one: when a room is quiet, or has not been for long', async () => {
  await edited('doc:quiet', 3, 20)
  await edited('doc:typing', 30, 0)
  await tellChanges(database.pool, { quiet: 10_000, longest: MINUTE })
  const quiet = {
    type: 'document.changed',
    room: 'doc:quiet',
    data: { from: 1, to: 3, actors: ['ada', 'bo0', 'bo1'] },
  }
  expect(await told()).toEqual([quiet])
  await tellChanges(database.pool, { quiet: 10_000, longest: 20_000 })
  expect(await told()).toMatchObject([quiet, { room: 'doc:typing', data: { from: 1, to: 30 } }])
  await tellChanges(database.pool, { quiet: 0, longest: 0 })
  expect(await told()).toHaveLength(2)
})

it('[HOOK11] nodes that look at once tell of it once', async () => {
  for (let room = 0; room < 5; room += 1) await edited(`doc:${room}`, 20, 20)
  await Promise.all(
    Array.from({ length: 8 }, () => tellChanges(database.pool, { quiet: 10_000, longest: MINUTE })),
  )
  await tellChanges(database.pool, { quiet: 10_000, longest: MINUTE })
  expect(await told()).toHaveLength(5)
})

it('[HOOK12] what was deleted meanwhile is not told of', async () => {
  await edited('doc:gone', 3, 20)
  await database.pool.query('update rooms set deleted_at = now()')
  await tellChanges(database.pool, { quiet: 0, longest: 0 })
  expect(await told()).toEqual([])
})

it('[HOOK1] an edit is committed where one of its number has been noted before', async () => {
  await edited('doc:noted', 1, 0)
  await database.pool.query(
    `insert into room_updates (room_id, seq, at, actor, bytes) select id, 1, now(), 'ada', '\\x0000' from rooms`,
  )
  expect((await database.pool.query('select from room_updates')).rowCount).toBe(1)
  expect((await database.pool.query('select from webhook_changes')).rowCount).toBe(1)
})

it('[HOOK1] edits are told of after a minute at most, whatever is configured', () => {
  const config = (value: string) =>
    readConfig({ DATABASE_URL: 'postgres://127.0.0.1/none', CHANGED_WITHIN_MS: value })
  expect(config('60000').webhooks.changes.longest).toBe(60_000)
  expect(() => config('60001')).toThrow('CHANGED_WITHIN_MS')
})

/** What a webhook that wants everything is told of, by type, once what has changed is told of, too. */
async function types(): Promise<readonly string[]> {
  await tellChanges(database.pool, { quiet: 0, longest: 0 })
  return (await told()).map(({ type }) => type).sort()
}

async function* log(): AsyncGenerator<LoggedEntry> {
  yield {
    seq: 1 as Seq,
    at: 0,
    actor: 'ada',
    bytes: Uint8Array.of(0, 0),
    events: [{ seq: 1, id: 'a', actor: 'ada', at: 0, type: 'chat.message', payload: '{"text":"long ago"}' }],
  }
}

it('[HOOK13] what is brought in happened elsewhere: neither room nor version, edit or event of it is told of', async () => {
  await database.pool.query(
    `update webhooks set events = '{document.changed,event:*,room.created,version.created}'`,
  )
  const shown = { title: null, editor: null }
  const header = { room: 'doc:log', createdAt: '2020-01-01T00:00:00.000Z', createdBy: 'ada' }
  await insertLog(database.pool, 'doc:log', header, log(), { shown: () => shown })
  await insertDocument(database.pool, 'doc:text', { actor: 'ada', at: 0, bytes: Uint8Array.of(0, 0) }, shown)
  expect((await database.pool.query('select from rooms')).rowCount).toBe(2)
  expect((await database.pool.query('select from versions')).rowCount).toBe(2)
  expect(await types()).toEqual([])
  // A copy of a room that is here is made now, of what happened before.
  await insertLog(database.pool, 'doc:copy', header, log(), { shown: () => shown, followed: false })
  expect(await types()).toEqual(['room.created'])
  // The control: the same, written by whose doing it is.
  await database.pool.query(`insert into rooms (name, kind, created_by) values ('doc:new', 'doc', 'ada')`)
  await database.pool.query(
    `insert into room_events (room_id, seq, at, actor, type, id, payload, size)
     select id, 2, now(), 'ada', 'chat.message', 'b', '{"text":"now"}', 14 from rooms where name = 'doc:new'`,
  )
  await database.pool.query(
    `insert into room_updates (room_id, seq, at, actor, bytes)
     select id, 1, now(), 'ada', '\\x0000' from rooms where name = 'doc:new'`,
  )
  await database.pool.query(
    `insert into versions (room_id, seq, at, kind, reason, author)
     select id, 1, now(), 'automatic', 'idle', 'ada' from rooms where name = 'doc:new'`,
  )
  expect(await types()).toEqual([
    'document.changed',
    'event:chat.message',
    'room.created',
    'room.created',
    'version.created',
  ])
})

import fc from 'fast-check'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type EventOf, foldMessages, NO_MESSAGES } from '../../client/sdk/index.ts'
import { listChats } from '../../server/chat/chat-list.ts'
import { followChat } from '../../server/chat/follower.ts'
import { readMessages } from '../../server/chat/message-page.ts'
import { moveReadPosition, unreadOf } from '../../server/chat/read-positions.ts'
import type { RoomId } from '../../server/log/entry.ts'
import type { StoredEvent } from '../../server/log/events.ts'
import { openDatabase } from '../../server/storage/database.ts'
import { type FreshDatabase, freshDatabase } from '../support/database.ts'

let fresh: FreshDatabase
let db: Awaited<ReturnType<typeof openDatabase>>
let rooms = 0

beforeAll(async () => {
  fresh = await freshDatabase()
  db = await openDatabase(fresh.storage, pino({ level: 'silent' }))
})
afterAll(async () => {
  await db?.close()
  await fresh?.drop()
})

const PEOPLE = ['ada', 'bob', 'cy'] as const
const person = fc.constantFrom(...PEOPLE)
/** Which of the messages there are, be it by what becomes of it or by nothing. */
const which = fc.nat({ max: 12 })
const emoji = fc.constantFrom('👍', '🎉')

/** What may happen in a chat, in whichever order; `devices` says up to where one of somebody's devices has read. */
const happening = fc.oneof(
  { weight: 4, arbitrary: fc.record({ does: fc.constant('message' as const), actor: person }) },
  fc.record({ does: fc.constant('edited' as const), actor: person, message: which }),
  fc.record({ does: fc.constant('deleted' as const), actor: person, message: which }),
  fc.record({ does: fc.constant('added' as const), actor: person, message: which, emoji }),
  fc.record({ does: fc.constant('removed' as const), actor: person, message: which, emoji }),
  {
    weight: 3,
    arbitrary: fc.record({ does: fc.constant('read' as const), actor: person, seq: fc.nat({ max: 45 }) }),
  },
)
type Happening = typeof happening extends fc.Arbitrary<infer Value> ? Value : never

/** One event of the log for each that is one. */
function eventOf(
  one: Exclude<Happening, { does: 'read' }>,
  seq: number,
  messages: readonly string[],
): EventOf {
  const about = 'message' in one ? { message: messages[one.message] ?? 'never' } : {}
  const said = (type: EventOf['type'], payload: object) =>
    ({ seq, id: `e${seq}`, type, actor: one.actor, at: 1_000 * seq, payload }) as EventOf
  switch (one.does) {
    case 'message':
      return said('chat.message', { text: `text ${seq}` })
    case 'edited':
      return said('chat.message.edited', { ...about, text: `edited ${seq}`, mentions: ['bob'] })
    case 'deleted':
      return said('chat.message.deleted', about)
    case 'added':
      return said('chat.reaction.added', { ...about, emoji: one.emoji })
    default:
      return said('chat.reaction.removed', { ...about, emoji: one.emoji })
  }
}

const stored = (events: readonly EventOf[]): readonly StoredEvent[] =>
  events.map(({ payload, ...event }) => ({ ...event, payload: JSON.stringify(payload) }))

/** A chat of all of them, in which nothing has been said. */
async function newChat(): Promise<{ readonly id: RoomId; readonly name: string; readonly created: EventOf }> {
  const name = `chat:counted-${++rooms}`
  const { rows } = await db.pool.query<{ id: string }>(
    `insert into rooms (name, kind, created_by, head) values ($1, 'chat', 'ada', 1) returning id`,
    [name],
  )
  const id = Number(rows[0]?.id) as RoomId
  const created = {
    seq: 1,
    id: 'created',
    type: 'chat.created',
    actor: 'ada',
    at: 1_000,
    payload: { title: 'Counted', members: [...PEOPLE] },
  } as EventOf
  await followChat(db.pool, id, stored([created]))
  return { id, name, created }
}

it('[CHAT7] [CHAT8] [CHAT9] makes of random histories what the fold makes, and counts what each has not read', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(happening, { minLength: 1, maxLength: 40 }),
      fc.integer({ min: 1, max: 7 }),
      async (happenings, size) => {
        const { id, name, created } = await newChat()
        const events: EventOf[] = [created]
        const messages: string[] = []
        const read = new Map<string, number>()
        let waiting: EventOf[] = []
        const follow = async () => {
          await followChat(db.pool, id, stored(waiting))
          await db.pool.query('delete from event_queue where room_id = $1', [id])
          waiting = []
        }
        for (const one of happenings) {
          if (one.does === 'read') {
            // As it comes: from whichever device, early or late, and of what is not there yet.
            const now = await moveReadPosition(db.pool, name, one.actor, one.seq)
            const most = Math.max(read.get(one.actor) ?? 0, Math.min(one.seq, events.length))
            expect(now?.seq).toBe(most)
            read.set(one.actor, most)
            continue
          }
          const event = eventOf(one, events.length + 1, messages)
          events.push(event)
          waiting.push(event)
          if (one.does === 'message') messages.push(event.id)
          await db.pool.query('update rooms set head = head + 1 where id = $1', [id])
          await db.pool.query('insert into event_queue (room_id, seq) values ($1, $2)', [id, event.seq])
          // In batches of any size.
          if (waiting.length >= size) await follow()
        }
        await follow()

        const folded = [...foldMessages(NO_MESSAGES, events).values()]
        const page = await readMessages(db.pool, name, { limit: 100 })
        expect(page?.messages).toEqual(folded)
        for (const user of PEOPLE) {
          const after = Math.max(read.get(user) ?? 0, 1)
          const unread = folded.filter(
            ({ seq, author, deleted }) => seq > after && author !== user && !deleted,
          )
          expect((await unreadOf(db.pool, user))[name] ?? 0, user).toBe(unread.length)
          const [chat] = await listChats(db.pool, user, { room: name, limit: 1 })
          expect([chat?.unread, chat?.read, chat?.last?.id]).toEqual([
            unread.length,
            after,
            folded.at(-1)?.id,
          ])
        }
      },
    ),
    { numRuns: 40 },
  )
})

it('[CHAT7] folds what comes late onto an older page as if it had been there', () => {
  fc.assert(
    fc.property(
      fc.array(happening, { maxLength: 40 }),
      fc.nat({ max: 40 }),
      fc.nat({ max: 40 }),
      (all, cut, from) => {
        const messages: string[] = []
        const events = all
          .filter((one) => one.does !== 'read')
          .map((one, index) => {
            const event = eventOf(one, index + 1, messages)
            if (one.does === 'message') messages.push(event.id)
            return event
          })
        // A page was read at `cut`; the events since `from`, which it may have or not, are told again on top of it.
        const page = foldMessages(NO_MESSAGES, events.slice(0, cut))
        const later = events.slice(Math.min(from, cut)).filter(({ seq }) => seq > cut)
        expect(foldMessages(page, later)).toEqual(foldMessages(NO_MESSAGES, events))
      },
    ),
  )
})

it('[CHAT8] begins to count where one joined, and again where one came back', async () => {
  const { id, name } = await newChat()
  const say = (seq: number, type: string, payload: object, actor = 'ada') =>
    ({ seq, id: `s${seq}`, type, actor, at: 1_000, payload: JSON.stringify(payload) }) as StoredEvent
  const unread = async (user: string) => (await unreadOf(db.pool, user))[name] ?? 0
  await db.pool.query('update rooms set head = 20 where id = $1', [id])
  await followChat(db.pool, id, [
    say(2, 'chat.message', { text: 'one' }),
    say(3, 'chat.invited', { users: ['dan'] }),
    say(4, 'chat.message', { text: 'two' }),
  ])
  expect([await unread('bob'), await unread('dan')]).toEqual([2, 1])
  await followChat(db.pool, id, [
    say(5, 'chat.removed', { user: 'dan' }),
    say(6, 'chat.message', { text: 'three' }),
  ])
  expect(await unread('dan')).toBe(0)
  await followChat(db.pool, id, [
    say(7, 'chat.invited', { users: ['dan'] }),
    say(8, 'chat.message', { text: 'four' }),
  ])
  expect([await unread('bob'), await unread('dan')]).toEqual([4, 1])
  // What one says oneself says nothing of what one has read.
  await followChat(db.pool, id, [say(9, 'chat.message', { text: 'five' }, 'bob')])
  expect([await unread('ada'), await unread('bob'), await unread('dan')]).toEqual([1, 4, 2])
})

it('[CHAT8] counts a message that is deleted at the moment at which somebody reads below it', async () => {
  const { id, name } = await newChat()
  const say = (seq: number, type: string, payload: object) =>
    ({ seq, id: `s${seq}`, type, actor: 'ada', at: 1_000, payload: JSON.stringify(payload) }) as StoredEvent
  await db.pool.query('update rooms set head = 20 where id = $1', [id])
  await followChat(
    db.pool,
    id,
    [2, 3, 4, 5].map((seq) => say(seq, 'chat.message', { text: 'said' })),
  )
  await moveReadPosition(db.pool, name, 'bob', 2)
  const deleting = await db.pool.connect()
  await deleting.query('begin')
  await followChat(deleting, id, [say(6, 'chat.message.deleted', { message: 's5' })])
  let moved = 0
  const moving = ['bob', 'cy'].map(async (user) => {
    await moveReadPosition(db.pool, name, user, 3)
    moved += 1
  })
  const waiting =
    "select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
  await expect.poll(async () => moved + ((await db.pool.query(waiting)).rowCount ?? 0)).toBe(2)
  await deleting.query('commit')
  deleting.release()
  await Promise.all(moving)
  expect([await unreadOf(db.pool, 'bob'), await unreadOf(db.pool, 'cy')].map((of) => of[name])).toEqual([
    1, 1,
  ])
})

it('[CHAT8] to say how far one has read waits for nobody who follows the chat just now, and is counted right', async () => {
  const { id, name } = await newChat()
  const say = (seq: number, actor = 'ada') =>
    ({ seq, id: `s${seq}`, type: 'chat.message', actor, at: 1_000, payload: '{"text":"x"}' }) as StoredEvent
  await db.pool.query('update rooms set head = 20 where id = $1', [id])
  await followChat(db.pool, id, [say(2), say(3)])
  const follower = await db.pool.connect()
  try {
    await follower.query('begin')
    await followChat(follower, id, [say(4), say(5)])
    expect(await moveReadPosition(db.pool, name, 'bob', 3)).toEqual({ seq: 3, moved: true })
    await follower.query('commit')
  } finally {
    follower.release()
  }
  expect((await unreadOf(db.pool, 'bob'))[name]).toBe(2)
})

it('[CHAT9] to say again how far one has read, or less, locks nothing and is answered while another moves it', async () => {
  const { id, name } = await newChat()
  await db.pool.query('update rooms set head = 20 where id = $1', [id])
  expect(await moveReadPosition(db.pool, name, 'bob', 20)).toEqual({ seq: 20, moved: true })
  const other = await db.pool.connect()
  try {
    await other.query('begin')
    await other.query('select from read_positions where room_id = $1 for update', [id])
    for (const seq of [1, 20, 1_000])
      expect(await moveReadPosition(db.pool, name, 'bob', seq)).toEqual({ seq: 20, moved: false })
  } finally {
    await other.query('rollback')
    other.release()
  }
})

it('[EVT66] a message may have the id of one that retention has dropped', async () => {
  const { id, name } = await newChat()
  const say = (seq: number, text: string) =>
    ({
      seq,
      id: 'again',
      type: 'chat.message',
      actor: 'ada',
      at: 1_000,
      payload: JSON.stringify({ text }),
    }) as StoredEvent
  await db.pool.query('update rooms set head = 20 where id = $1', [id])
  await followChat(db.pool, id, [say(2, 'first')])
  await db.pool.query(
    `insert into room_events (room_id, seq, at, actor, type, id, payload, size)
     values ($1, 2, now(), 'ada', 'chat.message', 'again', '{}', 2)`,
    [id],
  )
  await db.pool.query('delete from room_events where room_id = $1', [id])
  await followChat(db.pool, id, [say(3, 'second')])
  await followChat(db.pool, id, [
    { ...say(4, ''), id: 'e', type: 'chat.message.edited', payload: '{"message":"again","text":"edited"}' },
  ])
  const page = await readMessages(db.pool, name, { limit: 10 })
  expect(page?.messages.map(({ seq, text }) => [seq, text])).toEqual([
    [2, ''],
    [3, 'edited'],
  ])
})

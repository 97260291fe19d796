import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import {
  BUILD_LOG,
  buildLog,
  type Client,
  connect,
  type EventStart,
  folded,
  linesOf,
  type Receipt,
  type RefusedEvent,
  type Room,
} from '../../client/sdk/index.ts'
import type { EventDraft, Grants } from '../../server/protocol.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer

beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.dispose())

const everything: Grants = { '*:*': 'write' }

const client = (id: string, grants: Grants = everything): Client => {
  const made = connect({ url: server.url, token: () => server.token(id, grants), user: { id, name: id } })
  onTestFinished(() => made.destroy())
  return made
}

/** What a listener of a room was told, from its beginning to now. */
const recorded = (room: Room, from: EventStart): number[] => {
  const seqs: number[] = []
  onTestFinished(room.listen({ events: (events) => seqs.push(...events.map(({ seq }) => seq)) }, from))
  return seqs
}

const progress = (id: string): EventDraft => ({ type: 'build.progress', id, payload: { share: 0 } })

/** Published by somebody who has no part in the test. */
const post = async (room: string, drafts: readonly EventDraft[]): Promise<void> => {
  const answer = await fetch(`${server.url}/api/v1/rooms/${room}/events`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${await server.token('root', { '*:*': 'admin' })}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify(drafts),
  })
  expect(answer.status).toBe(200)
}

const some = (count: number, prefix: string): EventDraft[] =>
  Array.from({ length: count }, (_, i) => progress(`${prefix}${i}`))
const range = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, i) => first + i)
const seen = (seqs: readonly number[], count: number): Promise<unknown> =>
  vi.waitUntil(() => seqs.length >= count, { timeout: 15_000, interval: 5 })

describe('listening to a room', () => {
  it('[EVT41] begins where the application says: at the start, after a seq, or now', async () => {
    await post('build:from', some(1_000, 'old'))
    await post('build:from', some(500, 'older'))
    const room = client('ada').room('build:from')
    await room.whenSynced()
    const [all, late] = [recorded(room, 'start'), recorded(room, 1_490)]
    await seen(all, 1_500)
    const coming = recorded(room, 'now')
    await post('build:from', some(10, 'new'))
    await seen(all, 1_510)
    // Somebody who begins later, and further back, does not disturb the others.
    const again = recorded(room, 1_000)
    await seen(again, 510)
    await post('build:from', some(1, 'last'))
    await seen(all, 1_511)
    await seen(again, 511)
    expect(all).toEqual(range(1, 1_511))
    expect(late).toEqual(range(1_491, 1_511))
    expect(coming).toEqual(range(1_501, 1_511))
    expect(again).toEqual(range(1_001, 1_511))
  })

  it('[EVT41] hears all once and in order while the server is killed, again and again', {
    timeout: 120_000,
  }, async () => {
    const [ada, eve] = [client('ada').room('build:killed'), client('eve').room('build:killed')]
    await Promise.all([ada.whenSynced(), eve.whenSynced()])
    const [all, shares] = [recorded(eve, 'start'), [] as number[]]
    onTestFinished(eve.on('build.progress', ({ payload }) => void shares.push(payload.share), 'start'))
    const receipts: Promise<Receipt>[] = []
    for (let round = 0; round < 3; round += 1) {
      for (let i = 0; i < 200; i += 1)
        receipts.push(ada.publish('build.progress', { share: receipts.length / 600 }))
      await vi.waitUntil(() => all.length > round * 200, { timeout: 15_000, interval: 1 })
      await server.kill9()
      await server.restart()
    }
    const seqs = (await Promise.all(receipts)).map(({ seq }) => seq)
    await seen(all, 600)
    expect(seqs).toEqual(range(1, 600))
    expect(all).toEqual(range(1, 600))
    expect(shares).toEqual(Array.from({ length: 600 }, (_, i) => i / 600))
  })

  it('[EVT41] says what is not kept any more, and goes on after it', async () => {
    await post('build:dropped', some(20, 'e'))
    // What retention notes when it drops events.
    const pool = new pg.Pool({ connectionString: server.databaseUrl })
    await pool.query("update rooms set events_after = 15 where name = 'build:dropped'")
    await pool.end()
    const room = client('ada').room('build:dropped')
    const resets: number[] = []
    onTestFinished(room.onReset((after) => void resets.push(after)))
    const [all, late] = [recorded(room, 'start'), recorded(room, 17)]
    await seen(all, 5)
    expect([all, late, resets]).toEqual([range(16, 20), range(18, 20), [15]])
  })

  it('[EVT41] begins again where the server has fewer than it told, and says so', async () => {
    await post('build:fewer', some(5, 'e'))
    const room = client('ada').room('build:fewer')
    const resets: number[] = []
    onTestFinished(room.onReset((after) => void resets.push(after)))
    const all = recorded(room, 1_000)
    await seen(all, 5)
    expect([all, resets]).toEqual([range(1, 5), [0]])
  })
})

describe('publishing', () => {
  it('[EVT43] resolves with the seq, and rejects with the refusal', async () => {
    const room = client('ada').room('build:publish')
    const refused: RefusedEvent[] = []
    onTestFinished(room.onRefused((event) => void refused.push(event)))
    const first = room.publish('build.created', { title: 'one' }, { id: 'once' })
    const wrong = room.publish('build.progress', { share: 7 })
    const second = room.publish('build.queued', {})
    expect(room.getState().unsent).toBe(3)
    expect(await first).toEqual({ id: 'once', seq: 1 })
    expect((await second).seq).toBe(2)
    await expect(wrong).rejects.toMatchObject({
      cause: { code: 'event-invalid', retryable: false, message: expect.stringContaining('share') },
    })
    expect(refused).toMatchObject([{ type: 'build.progress', payload: { share: 7 } }])
    await vi.waitUntil(() => room.getState().unsent === 0, { timeout: 20_000 })
    expect(await room.publish('build.created', { title: 'one' }, { id: 'once' })).toEqual({
      id: 'once',
      seq: 1,
    })
    await expect(room.publish('build.created', { title: 'two' }, { id: 'once' })).rejects.toMatchObject({
      cause: { code: 'event-conflict' },
    })
    await expect(room.publish('build.created', { title: 'x'.repeat(70_000) })).rejects.toMatchObject({
      cause: { code: 'event-too-large' },
    })
  })

  it('[EVT43] is refused to who may only read, and nothing of theirs stays waiting', async () => {
    await post('build:readers', some(1, 'e'))
    const room = client('eve', { 'build:*': 'read' }).room('build:readers')
    await expect(room.publish('build.queued', {})).rejects.toMatchObject({
      cause: { code: 'event-forbidden' },
    })
    await vi.waitUntil(() => room.getState().unsent === 0, { timeout: 20_000 })
  })

  it('[EVT44] sends what was published offline on return, once and in order', {
    timeout: 60_000,
  }, async () => {
    const room = client('ada').room('build:offline')
    await room.whenSynced()
    await server.kill9()
    await vi.waitUntil(() => room.status !== 'online', { timeout: 10_000 })
    const waiting = Array.from({ length: 1_000 }, (_, i) =>
      room.publish('build.progress', { share: i / 1_000 }),
    )
    await vi.waitUntil(() => room.getState().unsent === 1_000, { timeout: 20_000 })
    await server.restart()
    expect((await Promise.all(waiting)).map(({ seq }) => seq)).toEqual(range(1, 1_000))
    const all = recorded(room, 'start')
    await seen(all, 1_000)
    expect(room.getState().unsent).toBe(0)
  })

  it('[EVT45] refuses what is too much to keep, and keeps the rest', { timeout: 60_000 }, async () => {
    await server.kill9()
    const room = client('ada').room('build:full')
    const waiting = Array.from({ length: 10_000 }, () => room.publish('build.queued', {}))
    await expect(room.publish('build.queued', {})).rejects.toMatchObject({
      cause: { code: 'outbox-full', retryable: true },
    })
    await server.restart()
    const receipts = await Promise.all(waiting)
    expect(receipts.at(-1)?.seq).toBe(10_000)
  })
})

describe('the log of a build', () => {
  it('[EVT47] is published in batches, numbered without gaps, and whole at its end', async () => {
    const room = client('ada').room('build:log')
    await room.whenSynced()
    const log = buildLog(room)
    const lines = Array.from({ length: 5_000 }, (_, i) => `line ${i + 1}`)
    for (let at = 0; at < lines.length; at += 70)
      await log.write(lines.slice(at, at + 70), at % 140 === 0 ? 'stdout' : 'stderr')
    const odd = ['a\0b', '\ud800', '\u001b[31m'.repeat(4_000), `${'x'.repeat(7_999)}\u{1f600}y`]
    await log.write(odd)
    await log.end()
    const reader = client('eve').room('build:log')
    const told = folded(reader, BUILD_LOG)
    onTestFinished(told.subscribe(() => undefined))
    const pieces = 2 + Math.ceil((5 * 4_000) / 8_000) + 2
    await vi.waitUntil(() => told.getState().length >= 5_000 + pieces, { timeout: 15_000 })
    const read = linesOf(told.getState(), 0, 10_000)
    expect(read.map(({ number }) => number)).toEqual(range(1, 5_000 + pieces))
    expect(read.slice(0, 5_000).map(({ text }) => text)).toEqual(lines)
    expect(read.slice(5_000, 5_002).map(({ text }) => text)).toEqual(['a\u2400b', '\ufffd'])
    expect(
      read
        .slice(5_002)
        .map(({ text }) => text)
        .join(''),
    ).toBe(odd.slice(2).join(''))
    expect(read[80]?.stream).toBe('stderr')
  })

  it('[EVT47] says at its end that a line was not taken', async () => {
    await post('build:nolog', some(1, 'e'))
    const log = buildLog(client('eve', { 'build:*': 'read' }).room('build:nolog'))
    await log.write(['a line'])
    await expect(log.end()).rejects.toMatchObject({ cause: { code: 'event-forbidden' } })
  })
})

describe('shared state', () => {
  it('[EVT48] is plain values that all see, and the same object until they change', async () => {
    interface Settings {
      theme: string
      sizes: readonly number[]
    }
    const [ada, eve] = [client('ada').room('doc:shared'), client('eve').room('doc:shared')]
    await Promise.all([ada.whenSynced(), eve.whenSynced()])
    const [mine, theirs] = [ada.map<Settings>('settings'), eve.map<Settings>('settings')]
    let calls = 0
    onTestFinished(
      theirs.subscribe(() => {
        calls += 1
      }),
    )
    mine.set('theme', 'dark')
    mine.set('sizes', [1, 2])
    await vi.waitUntil(() => theirs.get('sizes') !== undefined, { timeout: 20_000 })
    expect(theirs.getState()).toEqual({ theme: 'dark', sizes: [1, 2] })
    expect(theirs.getState()).toBe(theirs.getState())
    expect(calls).toBeGreaterThan(0)
    theirs.delete('theme')
    await vi.waitUntil(() => mine.get('theme') === undefined, { timeout: 20_000 })

    const [tasks, others] = [ada.list<{ title: string }>('tasks'), eve.list<{ title: string }>('tasks')]
    expect(ada.list('tasks')).toBe(tasks)
    tasks.push({ title: 'a' }, { title: 'b' })
    tasks.insert(1, { title: 'between' })
    tasks.set(0, { title: 'A' })
    tasks.delete(2)
    await vi.waitUntil(() => others.length === 2 && others.get(0)?.title === 'A', { timeout: 20_000 })
    expect(others.getState()).toEqual([{ title: 'A' }, { title: 'between' }])
  })
})

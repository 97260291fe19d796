import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Activity, ActivityGroup } from '../../server/activity/groups.ts'
import { readSummary } from '../../server/activity/summary.ts'
import { findProject } from '../../server/activity/table.ts'
import { type Grants, ROLES } from '../../server/protocol.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { SECRET, tokenOf } from '../support/tokens.ts'

interface Page {
  readonly items: readonly Activity[]
  readonly groups?: readonly ActivityGroup[]
  readonly next: string | null
  readonly now: string
  readonly more: boolean
}

const CANARY = 'canary-7f3a91'
const ALL: Grants = { '*:*': 'admin' }

let server: TestServer
let db: pg.Client

beforeAll(async () => {
  server = await startServer({ env: { JWT_SECRET: SECRET } })
  db = new pg.Client({ connectionString: server.databaseUrl })
  await db.connect()
})
afterAll(async () => {
  await db.end()
  await server.dispose()
})

const publish = async (
  room: string,
  user: string,
  ...events: readonly { type: string; payload: unknown }[]
) => {
  const response = await fetch(`${server.url}/api/v1/rooms/${encodeURIComponent(room)}/events`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${tokenOf(user, { grants: ALL })}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify(events),
  })
  expect(response.status, await response.clone().text()).toBe(200)
}

/** Until all that was published is in the table. */
const followed = () =>
  expect.poll(async () => (await db.query('select from event_queue')).rowCount, { timeout: 20_000 }).toBe(0)

const ask = async (
  project: string,
  query: Readonly<Record<string, string>> = {},
  grants = ALL,
  path = '',
) => {
  const address = `${server.url}/api/v1/projects/${project}/activity${path}?${new URLSearchParams(query)}`
  return fetch(address, { headers: { authorization: `Bearer ${tokenOf('reader', { grants })}` } })
}
const page = async (...args: Parameters<typeof ask>): Promise<Page> => {
  const response = await ask(...args)
  const body = await response.text()
  expect(response.status, body).toBe(200)
  return JSON.parse(body) as Page
}
const fresh = () => `p-${randomUUID().slice(0, 8)}`
const build = (project: string, title: string) => ({ type: 'build.created', payload: { title, project } })
const task = (name: string) => ({ type: 'project.task.created', payload: { task: name, title: name } })

describe('a page of a project', () => {
  it('[ACT10] has what was published in its rooms, newest first, with names and titles, and nothing twice', async () => {
    const p = fresh()
    await publish(`project:${p}`, 'ada', task('one'), task('two'))
    await publish(`build:${p}`, 'bob', build(p, 'Nightly'), {
      type: 'build.failed',
      payload: { message: 'out of space' },
    })
    await followed()
    const { items, next } = await page(p)
    expect(items.map(({ type, actor, text, title }) => [type, actor, text, title])).toEqual([
      ['build.failed', 'bob', 'out of space', 'Nightly'],
      ['build.created', 'bob', 'Nightly', 'Nightly'],
      ['project.task.created', 'ada', 'two · two', null],
      ['project.task.created', 'ada', 'one · one', null],
    ])
    expect(next).toBeNull()
    const seen: string[] = []
    let before: string | null = null
    do {
      const part: Page = await page(p, { limit: '1', ...(before === null ? {} : { before }) })
      seen.push(...part.items.map(({ id }) => id))
      before = part.next
    } while (before !== null)
    expect(seen).toEqual(items.map(({ id }) => id))
  })

  it('[ACT11] is of the person, types, room, times and words that are asked for', async () => {
    const p = fresh()
    await publish(`project:${p}`, 'ada', task('paint the shed'))
    await publish(`project:${p}`, 'bob', task('paint the fence 🎨'), task('سياج الحديقة'))
    await publish(`build:${p}`, 'bob', build(p, 'Fence build'))
    await followed()
    const texts = async (query: Readonly<Record<string, string>>) =>
      (await page(p, query)).items.map(({ text }) => text.split(' · ')[0])
    expect(await texts({ person: 'ada' })).toEqual(['paint the shed'])
    expect(await texts({ type: 'build.created,build.failed' })).toEqual(['Fence build'])
    expect(await texts({ room: `build:${p}` })).toEqual(['Fence build'])
    expect(await texts({ q: 'fence' })).toEqual(['Fence build', 'paint the fence 🎨'])
    expect(await texts({ q: 'paint -shed', type: 'project.task.created' })).toEqual(['paint the fence 🎨'])
    expect(await texts({ q: 'الحديقة' })).toEqual(['سياج الحديقة'])
    expect(await texts({ q: 'fence', person: 'ada' })).toEqual([])
    const [newest] = (await page(p)).items
    expect(await texts({ from: newest?.at ?? '', room: `build:${p}` })).toEqual(['Fence build'])
    expect(await texts({ until: '2020-01-01T00:00:00Z' })).toEqual([])
    const wrong: readonly Record<string, string>[] = [
      { q: '' },
      { from: 'yesterday' },
      { limit: '0' },
      { before: 'x' },
    ]
    for (const query of wrong) expect((await ask(p, query)).status, JSON.stringify(query)).toBe(400)
  })

  it('[ACT11] finds words also behind the thousands that came since', async () => {
    const p = fresh()
    await publish(`project:${p}`, 'ada', task('paint the very first shed'))
    await followed()
    // Later than it, of the same project.
    await db.query(
      `insert into activities (project_id, room_id, room, kind, seq, actor, type, at, until, last_seq, text, change)
       select project_id, room_id, room, kind, 1000 + n, 'bob', type, at + n * interval '1 s', until, 1000 + n, 'mow the lawn', change
       from activities cross join generate_series(1, 5100) n where room = $1 and seq < 1000`,
      [`project:${p}`],
    )
    const texts = async (q: string) => (await page(p, { q })).items.map(({ text }) => text.split(' · ')[0])
    expect(await texts('shed')).toEqual(['paint the very first shed'])
    expect(await texts('-lawn')).toEqual(['paint the very first shed'])
    expect(await texts('paint lawn')).toEqual([])
  })

  it('[ACT12] goes on with what has come since: everything, once, and what has changed as it is now', async () => {
    const p = fresh()
    await publish(`project:${p}`, 'ada', task('zero'))
    await followed()
    const first = await page(p)
    let { now } = first
    const heard: string[] = []
    for (let i = 0; i < 5; i += 1) {
      await publish(`project:${p}`, 'ada', task(`t${i}`), task(`u${i}`))
      await publish(`build:${p}${i}`, 'bob', build(p, `b${i}`))
      await followed()
      for (let more = true; more; ) {
        const part = await page(p, { since: now, limit: '2' })
        heard.push(...part.items.map(({ id }) => id))
        now = part.now
        more = part.more
      }
    }
    const all = (await page(p)).items.map(({ id }) => id)
    expect(new Set([...heard, ...first.items.map(({ id }) => id)])).toEqual(new Set(all))
    expect(heard).toHaveLength(15)
    expect((await page(p, { since: now })).items).toEqual([])
    await publish(`project:${p}`, 'ada', {
      type: 'project.comment.created',
      payload: { comment: 'c', text: 'was' },
    })
    await publish(`project:${p}`, 'ada', {
      type: 'project.comment.updated',
      payload: { comment: 'c', text: 'is' },
    })
    await followed()
    const changed = await page(p, { since: now })
    expect(changed.items.find(({ type }) => type === 'project.comment.created')?.text).toBe('is')
  })

  it('[ACT13] is grouped by day, room and type, with all the same activities', async () => {
    const p = fresh()
    await publish(`project:${p}`, 'ada', task('a'), task('b'))
    await publish(`build:${p}`, 'ada', build(p, 'B'))
    await publish(`project:${p}`, 'bob', task('c'))
    await followed()
    const { items } = await page(p)
    const { groups = [] } = await page(p, { grouped: 'true' })
    expect(
      groups.map(({ type, people, items: { length } }) => [
        type,
        people.map(({ id, count }) => [id, count]),
        length,
      ]),
    ).toEqual([
      [
        'project.task.created',
        [
          ['bob', 1],
          ['ada', 2],
        ],
        3,
      ],
      ['build.created', [['ada', 1]], 1],
    ])
    expect(
      groups
        .flatMap((group) => group.items)
        .map(({ id }) => id)
        .sort(),
    ).toEqual(items.map(({ id }) => id).sort())
  })
})

describe('who is told', () => {
  it('[ACT14] of rooms in which one has no role nothing is in pages, groups, counts, searches and summaries', async () => {
    const p = fresh()
    const secret = `build:${CANARY}-${p}`
    await publish(`project:${p}`, 'ada', task('open'))
    await publish(secret, `spy-${CANARY}`, build(p, `${CANARY} plans`), {
      type: 'build.failed',
      payload: { message: CANARY },
    })
    await publish(`build:${p}`, 'bob', build(p, 'plans'))
    await followed()
    const few: Grants = { [`project:${p}`]: 'read', [`build:${p}`]: 'read' }
    const kinds: Grants = { 'project:*': 'admin', [`build:${p}`]: 'read', 'doc:*': 'admin' }
    for (const grants of [few, kinds]) {
      const answers = await Promise.all([
        ask(p, {}, grants),
        ask(p, { grouped: 'true' }, grants),
        ask(p, { q: CANARY }, grants),
        ask(p, { q: 'plans' }, grants),
        ask(p, { person: `spy-${CANARY}` }, grants),
        ask(p, { room: secret }, grants),
        ask(p, { type: 'build.failed' }, grants),
        ask(p, { limit: '1' }, grants),
        ask(p, { by: 'person' }, grants, '/summary'),
        ask(p, { by: 'room' }, grants, '/summary'),
        ask(p, { by: 'room', room: secret }, grants, '/summary'),
      ])
      const said = (await Promise.all(answers.map((answer) => answer.text()))).join('\n')
      expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200))
      expect(said).not.toContain(CANARY)
      const { items, next } = await page(p, { limit: '2' }, grants)
      expect(items.map(({ text }) => text)).toEqual(['plans', 'open · open'])
      expect(next, 'nothing says that there is more').toBeNull()
    }
    // The control: who may read it, reads it.
    expect(await (await ask(p, {}, { ...few, [secret]: 'read' })).text()).toContain(CANARY)
    expect(await (await ask(p, { by: 'room' }, ALL, '/summary')).text()).toContain(CANARY)
    // A weaker grant of a room goes before a stronger one of its kind, and who may not read the project reads nothing.
    expect((await ask(p, {}, { 'build:*': 'admin' })).status).toBe(403)
  })

  it('[ACT15] editing is told of to those who may write, as its history is', async () => {
    const p = fresh()
    await publish(`project:${p}`, 'ada', { type: 'project.room.added', payload: { room: `doc:${p}` } })
    await followed()
    await db.query(
      `insert into rooms (name, kind, created_by, title, head) values ($1, 'doc', 'ada', 'Plan', 10)`,
      [`doc:${p}`],
    )
    await db.query(
      `insert into history_stretches (room_id, level, first_seq, last_seq, began_at, ended_at, first_at, last_at, pause, pause_before, people)
       select id, 1, 1, 10, 1.0e12, 1.0e12, 1.0e12, 1.0e12, 0, 'infinity', $2 from rooms where name = $1`,
      [`doc:${p}`, JSON.stringify({ ada: [1e12, 1e12 + 60_000, 10, 120, 4], bob: [1e12, 1e12, 0, 0, 0] })],
    )
    const project = { [`project:${p}`]: 'read' } as const
    const types = async (grants: Grants) => (await page(p, {}, grants)).items.map(({ type }) => type)
    expect(await types({ ...project, 'doc:*': 'read' })).toEqual(['project.room.added'])
    expect(await types({ ...project, 'doc:*': 'write', [`doc:${p}`]: 'read' })).toEqual([
      'project.room.added',
    ])
    expect(await types({ ...project, 'doc:*': 'read', [`doc:${p}`]: 'write' })).toEqual([
      'project.room.added',
      'edited',
    ])
    const [, edited] = (await page(p, {}, ALL)).items
    expect(edited).toMatchObject({
      type: 'edited',
      title: 'Plan',
      actor: 'ada',
      seq: 1,
      lastSeq: 10,
      entries: 10,
      inserted: 120,
      deleted: 4,
    })
  })

  it('[ACT16] a summary counts what each person did, and what was done in each room', async () => {
    const p = fresh()
    await publish(`project:${p}`, 'ada', task('a'), task('b'))
    await publish(`build:${p}`, 'ada', build(p, 'Nightly'))
    await publish(`project:${p}`, 'bob', task('c'))
    await followed()
    const summary = async (query: Readonly<Record<string, string>>) => {
      const answer = (await (await ask(p, query, ALL, '/summary')).json()) as {
        summary: Record<string, unknown>[]
      }
      return answer.summary.map(({ id, activities, others, name }) => [id, activities, others, name])
    }
    expect(await summary({ by: 'person' })).toEqual([
      ['ada', 3, 2, 'ada'],
      ['bob', 1, 1, 'bob'],
    ])
    expect(await summary({ by: 'room' })).toEqual([
      [`project:${p}`, 3, 2, null],
      [`build:${p}`, 1, 1, 'Nightly'],
    ])
    expect(await summary({ by: 'person', type: 'build.created' })).toEqual([['ada', 1, 1, 'ada']])
    expect(await summary({ by: 'person', until: '2020-01-01T00:00:00Z' })).toEqual([])
    // Of more than are counted it says how far it goes.
    const found = await findProject(db, `project:${p}`)
    const scope = { ranks: { '*:*': ROLES.length }, needs: {} }
    const question = { project: found?.id ?? '', filter: {}, scope, limit: 10 }
    expect(await readSummary(db, question, 'person', 5)).toMatchObject({ rows: [{}, {}], since: null })
    const { rows, since } = await readSummary(db, question, 'person', 2)
    expect(rows.reduce((sum, { activities }) => sum + activities, 0)).toBe(2)
    expect(since?.getTime()).toBe(Math.min(...rows.map(({ last }) => last.getTime())))
  })

  it('[ACT14] a project of which nothing is known has an empty page', async () => {
    expect(await page(fresh())).toMatchObject({ items: [], next: null, more: false })
  })
})

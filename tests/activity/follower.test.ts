import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { writeSlices } from '../../server/history/timeline/activity.ts'
import { writeStretches } from '../../server/history/timeline/stretch-table.ts'
import type { RoomId } from '../../server/log/entry.ts'
import { inTransaction } from '../../server/storage/transaction.ts'
import { activitiesOf, ground } from './support.ts'

const CREATED = { type: 'build.created', payload: { title: 'Nightly', project: 'web' } }
const FAILED = { type: 'build.failed', payload: { message: 'no space left' } }

describe('which rooms belong to a project', () => {
  it('[ACT1] those that say so themselves, from their first event', async () => {
    const g = await ground()
    await g.say('build:1', CREATED, { type: 'build.log', payload: { first: 1, lines: ['x'] } }, FAILED)
    await g.say('build:2', { type: 'build.created', payload: { title: 'Of nobody' } }, FAILED)
    expect((await activitiesOf(g)).map(({ type, text }) => [type, text])).toEqual([
      ['build.failed', 'no space left'],
      ['build.created', 'Nightly'],
    ])
  })

  it('[ACT1] those that the project names, with all that they had before; the project has the last word', async () => {
    const g = await ground()
    await g.say('build:1', CREATED, FAILED)
    await g.say('build:2', { type: 'build.created', payload: { title: 'Another' } })
    await g.say('project:web', { type: 'project.room.added', payload: { room: 'build:2' } })
    const rooms = async () => new Set((await activitiesOf(g)).map(({ room }) => room))
    expect(await rooms()).toEqual(new Set(['project:web', 'build:1', 'build:2']))
    await g.say('project:web', { type: 'project.room.removed', payload: { room: 'build:1' } })
    expect(await rooms()).toEqual(new Set(['project:web', 'build:2']))
    await g.say('build:1', CREATED, FAILED)
    expect(await rooms(), 'what the room says again does not count').toEqual(
      new Set(['project:web', 'build:2']),
    )
    await g.say('project:web', { type: 'project.room.added', payload: { room: 'build:1' } })
    expect((await activitiesOf(g)).filter(({ room }) => room === 'build:1')).toHaveLength(4)
  })

  it('[ACT1] never conversations or inboxes, and the project itself always', async () => {
    const g = await ground()
    await g.say(
      'project:web',
      { type: 'project.room.added', payload: { room: 'chat:secret' } },
      { type: 'project.room.added', payload: { room: 'user:ada' } },
      { type: 'project.room.removed', payload: { room: 'project:web' } },
    )
    const { rows } = await g.db.pool.query('select room from activity_links')
    expect(rows).toEqual([{ room: 'project:web' }])
    expect(await activitiesOf(g)).toHaveLength(3)
  })

  it('[ACT1] as rooms said before there was a list: the migration makes the same of them', async () => {
    const g = await ground()
    await g.say('project:web', { type: 'project.updated', payload: { title: 'Web' } })
    await g.say('build:1', CREATED, { type: 'build.log', payload: { first: 1, lines: ['x'] } }, FAILED)
    await g.say('deployment:1', {
      type: 'deployment.started',
      payload: { environment: 'live', project: 'other' },
    })
    const all = async () => [await activitiesOf(g), await activitiesOf(g, 'project:other')]
    const before = await all()
    await g.db.pool.query('truncate activities, activity_links, activity_projects')
    expect(await all()).toEqual([[], []])
    const migration = await readFile('migrations/022_activities.sql', 'utf8')
    await g.db.pool.query(migration.slice(migration.lastIndexOf('do $$')))
    await g.copies().copyAll()
    const sorted = (lists: Awaited<ReturnType<typeof all>>) =>
      lists.map((list) => list.map((row) => JSON.stringify(row)).sort())
    expect(sorted(await all())).toEqual(sorted(before))
  })

  it('[ACT1] a link goes with the room in which it was made, and what it brought with it', async () => {
    const g = await ground()
    await g.say('build:2', { type: 'build.created', payload: { title: 'Another' } })
    await g.say('project:web', { type: 'project.room.added', payload: { room: 'build:2' } })
    expect(await activitiesOf(g)).toHaveLength(2)
    await g.log.erase('project:web', 'ada', async () => undefined)
    expect(await activitiesOf(g)).toEqual([])
  })
})

describe('what is kept of events', () => {
  it('[ACT2] each is there once, however often it is followed, and whenever its room was linked', async () => {
    const g = await ground()
    const seqs = await g.say('build:1', CREATED, FAILED)
    await g.follow('build:1', seqs)
    await g.follow('build:1', seqs)
    expect(await activitiesOf(g)).toHaveLength(2)
    // Linked between its commit and its being followed: both have it.
    const later = await g.commit('build:2', FAILED)
    await g.say('project:web', { type: 'project.room.added', payload: { room: 'build:2' } })
    await g.follow('build:2', later)
    expect((await activitiesOf(g)).filter(({ room }) => room === 'build:2')).toHaveLength(1)
  })

  it('[ACT2] those of a large room come in pieces, and with what is said meanwhile', async () => {
    const g = await ground()
    const { rows } = await g.db.pool.query(
      `insert into room_events (room_id, seq, at, actor, type, id, payload, size)
       select $1, n, now(), 'ada', case n when 3 then 'comment.created' when 2400 then 'comment.deleted' else 'build.failed' end,
         n::text, case n when 3 then '{"text": "gone"}' when 2400 then '{"comment": "3"}' else '{"message": "x"}' end::jsonb, 1
       from generate_series(1, 2500) n returning seq`,
      [await g.room('build:2')],
    )
    const count = async () => (await activitiesOf(g)).filter(({ room }) => room === 'build:2').length
    await g.say('project:web', { type: 'project.room.added', payload: { room: 'build:2' } })
    expect(await count(), 'with the link comes a piece, of which one is the link itself').toBe(999)
    expect((await activitiesOf(g)).map(({ text }) => text)).not.toContain('gone')
    // Followed where it has not been copied to, and then again by the copy.
    await g.follow('build:2', [2_300, 2_400])
    await Promise.all([g.copies().copyAll(), g.copies().copyAll()])
    await g.copies().copyAll()
    expect(await count()).toBe(rows.length)
    expect(new Set((await activitiesOf(g)).map(({ text }) => text))).toEqual(new Set(['build:2', 'x', '']))
    // Another link, taken back before all is there.
    await g.say('project:late', { type: 'project.room.added', payload: { room: 'build:2' } })
    await g.say('project:late', { type: 'project.room.removed', payload: { room: 'build:2' } })
    await g.copies().copyAll()
    expect(await activitiesOf(g, 'project:late')).toHaveLength(2)
  })

  it('[ACT2] none is missed that comes while its room is linked', async () => {
    const g = await ground()
    const rooms = Array.from({ length: 12 }, (_, index) => `build:${index}`)
    await Promise.all(rooms.map((room) => g.room(room)))
    await g.room('project:web')
    await Promise.all([
      ...rooms.map(async (room) => {
        for (let i = 0; i < 5; i += 1) await g.say(room, FAILED)
      }),
      (async () => {
        for (const room of rooms)
          await g.say('project:web', { type: 'project.room.added', payload: { room } })
      })(),
    ])
    expect((await activitiesOf(g)).filter(({ type }) => type === 'build.failed')).toHaveLength(60)
  })

  it.each([
    ['is there', 1],
    ['has a control: without the lock it is missed', 0],
  ])('[ACT2] what is followed between the link and its commit %s', async (_, found) => {
    const g = await ground()
    if (found === 0)
      await g.db.pool.query(
        `create or replace function activity_lock(name text, exclusively boolean) returns void language sql as 'select'`,
      )
    const project = { id: (await g.room('project:web')) as RoomId, name: 'project:web' }
    const later = await g.commit('build:2', { type: 'build.created', payload: { title: 'waits' } })
    const added = { type: 'project.room.added', payload: JSON.stringify({ room: 'build:2' }) }
    const linking = await g.db.pool.connect()
    try {
      await linking.query('begin')
      // As what has been linked, and what the room had then.
      await g.follower.follow(linking, project, [{ ...added, seq: 1, at: 0, actor: 'ada', id: 'link' }])
      const missed = await g.commit('build:2', FAILED)
      const following = g.follow('build:2', [...later, ...missed])
      const waits = async () =>
        (
          await g.db.pool.query(`select from pg_locks where locktype = 'advisory' and not granted
             and database = (select oid from pg_database where datname = current_database())`)
        ).rowCount === 1
      if (found === 1) await expect.poll(waits, { interval: 5 }).toBe(true)
      else await following
      await linking.query('commit')
      await following
    } finally {
      linking.release()
    }
    expect((await activitiesOf(g)).filter(({ type }) => type === 'build.failed')).toHaveLength(found)
  })

  it('[ACT3] a comment says what it says now, and nothing once it was deleted', async () => {
    const g = await ground()
    const comment = (what: string, text?: string, actor = 'ada') => ({
      type: `project.comment.${what}`,
      payload: { comment: 'c1', ...(text === undefined ? {} : { text }) },
      actor,
    })
    const texts = async () => (await activitiesOf(g)).map(({ text }) => text).filter((text) => text !== '')
    await g.say('project:web', comment('created', 'first'))
    expect(await texts()).toEqual(['first'])
    await g.say('project:web', comment('updated', 'forged', 'eve'))
    expect(await texts()).toEqual(['first'])
    await g.say('project:web', comment('updated', 'second'))
    expect(await texts()).toEqual(['second'])
    await g.say('project:web', comment('updated', 'third'), comment('updated', 'forged', 'eve'))
    expect(await texts(), 'a forgery hides nothing either').toEqual(['third'])
    await g.say('project:web', comment('deleted', undefined, 'eve'))
    expect(await texts()).toEqual(['third'])
    await g.say('project:web', comment('deleted'))
    expect(await texts()).toEqual([])
    await g.say('project:web', comment('updated', 'back again'))
    expect(await texts()).toEqual([])
    // A comment on the project's text is not called so, whoever says it.
    await g.say('project:web', { type: 'comment.created', id: 'c2', payload: { text: 'of a text' } })
    const deleted = { type: 'project.comment.deleted', payload: { comment: 'c2' } }
    await g.say('project:web', deleted, { ...deleted, actor: 'eve' })
    expect(await texts()).toEqual(['of a text'])
  })

  it('[ACT3] nor does a comment on a text, which is called by the id of its event', async () => {
    const g = await ground()
    await g.say('project:web', { type: 'project.room.added', payload: { room: 'doc:plan' } })
    await g.say('doc:plan', { type: 'comment.created', id: 'c1', payload: { text: 'first' } })
    await g.say('doc:plan', {
      type: 'comment.replied',
      id: 'c2',
      payload: { thread: 'c1', text: 'answer' },
      actor: 'bob',
    })
    const texts = async () =>
      (await activitiesOf(g)).filter(({ room }) => room === 'doc:plan').map(({ text }) => text)
    expect(await texts()).toEqual(['answer', 'first'])
    await g.say('doc:plan', {
      type: 'comment.edited',
      payload: { comment: 'c2', text: 'better' },
      actor: 'bob',
    })
    await g.say('doc:plan', { type: 'comment.deleted', payload: { comment: 'c1' } })
    expect(await texts()).toEqual(['', '', 'better', ''])
    // Linked later, it is the same.
    await g.say('project:late', { type: 'project.room.added', payload: { room: 'doc:plan' } })
    const late = (await activitiesOf(g, 'project:late')).filter(({ room }) => room === 'doc:plan')
    expect(late.map(({ text }) => text)).toEqual(await texts())
  })

  it('[ACT3] what retention drops, and erasure, is gone here too', async () => {
    const g = await ground()
    await g.say('build:1', CREATED, FAILED)
    await g.db.pool.query(`delete from room_events where type = 'build.created'`)
    expect((await activitiesOf(g)).map(({ type }) => type)).toEqual(['build.failed'])
    await g.log.erase('build:1', 'ada', async () => undefined)
    expect(await activitiesOf(g)).toEqual([])
    expect((await g.db.pool.query('select from activity_links')).rowCount).toBe(0)
  })
})

describe('editing', () => {
  const START = Date.parse('2026-03-02T09:00:00Z')
  const slice = (n: number, actors: readonly string[], at = START + n * 60_000) => ({
    firstSeq: n * 10 + 1,
    lastSeq: n * 10 + 10,
    firstAt: at,
    lastAt: at + 30_000,
    people: new Map(
      actors.map((actor) => [
        actor,
        { firstAt: at, lastAt: at + 30_000, entries: 5, inserted: 20, deleted: 3 },
      ]),
    ),
  })

  it('[ACT4] is one item a person and a stretch, which grows where it stands', async () => {
    const g = await ground()
    const id = (await g.room('doc:plan')) as RoomId
    await g.say('project:web', { type: 'project.room.added', payload: { room: 'doc:plan' } })
    const write = (...slices: readonly ReturnType<typeof slice>[]) =>
      inTransaction(g.db.pool, async (client) => {
        await writeSlices(client, id, slices)
        await writeStretches(client, id, slices[0]?.firstSeq ?? 0)
      })
    const edits = async () =>
      (
        await g.db.pool.query(
          `select id, actor, seq::int, last_seq::int, entries, inserted::int, at, until, change::int
           from activities where type = 'edited' order by seq, actor`,
        )
      ).rows
    await write(slice(0, ['ada']))
    const [first] = await edits()
    expect(first).toMatchObject({ actor: 'ada', seq: 1, last_seq: 10, entries: 5, inserted: 20 })
    await write(slice(1, ['ada', 'bob']))
    const grown = await edits()
    expect(grown).toMatchObject([
      { id: first.id, actor: 'ada', last_seq: 20, entries: 10, inserted: 40, at: first.at },
      { actor: 'bob', entries: 5 },
    ])
    expect(grown[0].change).toBeGreaterThan(first.change)
    await write(slice(1, ['ada', 'bob']))
    expect(await edits(), 'nothing new is no change').toEqual(grown)
    await write(slice(20, ['bob']))
    expect(await edits()).toHaveLength(3)
    // Linked later, and made from what history has.
    await g.say('project:other', { type: 'project.room.added', payload: { room: 'doc:plan' } })
    expect((await activitiesOf(g, 'project:other')).filter(({ type }) => type === 'edited')).toHaveLength(3)
  })
})

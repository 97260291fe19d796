import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { Authorizer } from '../../server/access/authorizer.ts'
import type { Identity } from '../../server/access/identity.ts'
import { Activities } from '../../server/activity/activities.ts'
import { activityTypes } from '../../server/activity/types.ts'
import { BUILT_IN } from '../../server/channels/kinds/built-in.ts'
import { Cursors } from '../../server/http/cursors.ts'
import { type Ground, ground } from './support.ts'

const READER: Identity = {
  user: 'reader',
  name: 'Reader',
  grants: {},
  defers: true,
  issuedAt: 0,
  expiresAt: Number.MAX_SAFE_INTEGER,
}

/** As an application sees it that lets somebody read only these rooms. */
function asked({ db }: Ground, mayRead: (room: string) => boolean) {
  const authorizer = new Authorizer({
    application: {
      ask: async (_, room) => ({
        role: mayRead(room) ? 'read' : null,
        create: false,
        ttl: 60,
        until: Number.POSITIVE_INFINITY,
      }),
    },
  })
  const activities = new Activities({
    db: db.pool,
    cursors: new Cursors(randomBytes(32)),
    authorizer,
    revocations: { roomsTakenFrom: () => [] },
    types: activityTypes(BUILT_IN),
  })
  return { activities, question: { identity: READER, project: 'project:web', filter: {}, limit: 10 } }
}

describe('where an application decides', () => {
  it('[ACT10] [ACT14] pages, news and summaries are of the rooms that it allows, full and with nothing twice', async () => {
    const g = await ground()
    for (let i = 0; i < 60; i += 1)
      await g.say(`build:${i}`, {
        type: 'build.created',
        payload: { title: `n${i}`, project: 'web' },
        at: 1e12 + i,
        actor: i % 3 === 0 ? 'ada' : 'hidden',
      })
    const { activities, question } = asked(g, (room) => Number(room.slice('build:'.length)) % 3 === 0)
    const seen: string[] = []
    let before: string | undefined
    do {
      const page = await activities.before(question, before)
      if (page.next !== null) expect(page.items).toHaveLength(10)
      seen.push(...page.items.map(({ text }) => text))
      before = page.next ?? undefined
    } while (before !== undefined)
    expect(seen).toEqual(Array.from({ length: 20 }, (_, index) => `n${57 - index * 3}`))
    const start = (await activities.before({ ...question, limit: 1 }, undefined)).now
    await g.say('build:60', { type: 'build.failed', payload: { message: 'not linked' } })
    await g.say('build:0', { type: 'build.failed', payload: { message: 'seen' } })
    await g.say('build:1', { type: 'build.failed', payload: { message: 'unseen' } })
    const news = await activities.since(question, start)
    expect(news.items.map(({ text }) => text)).toEqual(['seen'])
    expect((await activities.since(question, news.now)).items).toEqual([])
    const { rows } = await activities.summary({ ...question, limit: 20 }, 'person')
    expect(rows.map(({ id, activities: count }) => [id, count])).toEqual([['ada', 21]])
  })

  it('[ACT14] a page of which it refuses all is empty, and goes on only where there is more than it looks at', async () => {
    const g = await ground()
    await g.say('build:1', { type: 'build.created', payload: { title: 'n', project: 'web' } })
    const { activities, question } = asked(g, () => false)
    expect(await activities.before(question, undefined)).toMatchObject({ items: [], next: null })
    expect(await activities.summary(question, 'room')).toEqual({ rows: [], since: null })
  })
})

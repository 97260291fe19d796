import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { connect } from '../../client/sdk/index.ts'
import type { Grants } from '../../server/protocol.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { SECRET, tokenOf } from '../support/tokens.ts'

const soon = { timeout: 20_000, interval: 20 }
const ALL: Grants = { '*:*': 'admin' }

let server: TestServer
beforeAll(async () => {
  server = await startServer({ env: { JWT_SECRET: SECRET } })
})
afterAll(() => server.dispose())

const clientOf = (user: string, grants: Grants) => {
  const client = connect({ url: server.wsUrl, token: tokenOf(user, { grants }), offline: false })
  onTestFinished(() => client.destroy())
  return client
}

async function publish(
  room: string,
  ...events: readonly { type: string; payload: unknown }[]
): Promise<void> {
  const answer = await fetch(`${server.url}/api/v1/rooms/${room}/events`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${tokenOf('CI', { grants: ALL })}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify(events),
  })
  if (!answer.ok) throw new Error(await answer.text())
}

const task = (name: string) => ({ type: 'project.task.created', payload: { task: name, title: name } })
const build = (project: string, title: string) => ({ type: 'build.created', payload: { title, project } })

describe('a list that is kept', () => {
  it('[ACT20] has everything once while rooms publish at the same time, pages are read and the server dies', async () => {
    const p = `p-${randomUUID().slice(0, 8)}`
    await publish(`project:${p}`, ...Array.from({ length: 120 }, (_, index) => task(`t${index}`)))
    const feed = clientOf('ada', ALL).activity(p)
    onTestFinished(() => feed.close())
    await expect.poll(() => feed.getState().items?.length, soon).toBeGreaterThan(0)
    const publishing = Promise.all(
      ['a', 'b', 'c'].map(async (name) => {
        for (let i = 0; i < 8; i += 1) {
          const room = `build:${p}-${name}${i}`
          await publish(room, build(p, room), { type: 'build.failed', payload: { message: 'x' } })
        }
      }),
    )
    feed.loadMore()
    await publishing
    await server.kill9()
    await server.restart()
    await publish(`project:${p}`, task('last'))
    await expect
      .poll(() => {
        const { hasMore, loading } = feed.getState()
        if (hasMore && !loading) feed.loadMore()
        return feed.getState().items?.length
      }, soon)
      .toBe(120 + 48 + 1)
    const { items = [], hasMore } = feed.getState()
    expect(hasMore).toBe(false)
    expect(new Set(items.map(({ id }) => id)).size).toBe(items.length)
    const times = items.map(({ at }) => at)
    expect(times).toEqual([...times].sort().reverse())
  }, 60_000)

  it('[ACT21] who may not know of a room is not told that something happened there, and everybody else is', async () => {
    const p = `p-${randomUUID().slice(0, 8)}`
    const told: string[] = []
    const open = async (user: string, grants: Grants) => {
      const room = clientOf(user, grants).room(`project:${p}`, { offline: false })
      await expect.poll(() => room.getState().synced, soon).toBe(true)
      return room
    }
    const listen = async (user: string, grants: Grants) => {
      const room = await open(user, grants)
      room.onSignal('syncline.activity', ({ payload, actor }) =>
        told.push(`${user} ${JSON.stringify(payload)} ${actor}`),
      )
    }
    await open('maker', ALL)
    const project: Grants = { [`project:${p}`]: 'read' }
    await listen('outside', project)
    await listen('inside', { ...project, [`build:${p}`]: 'read' })
    // Said to everybody once, when a node sees the first of a project: only now, or it could tell one of the two alone.
    await publish(`project:${p}`, task('first'))
    await expect.poll(() => told.length, soon).toBeGreaterThanOrEqual(2)
    const settled = async () => {
      const before = told.length
      await publish(`project:${p}`, task(randomUUID()))
      await expect
        .poll(
          () =>
            told
              .slice(before)
              .map((line) => line.split(' ')[0])
              .sort(),
          soon,
        )
        .toEqual(['inside', 'outside'])
    }
    await settled()
    told.length = 0
    for (let i = 0; i < 3; i += 1) {
      const before = told.length
      await publish(`build:${p}`, build(p, `secret ${i}`))
      await expect.poll(() => told.length, soon).toBeGreaterThan(before)
    }
    expect(new Set(told), 'and nothing is said of it').toEqual(new Set(['inside null ']))
    // The control: both are still there, and are told of what both may know.
    await settled()
  }, 60_000)
})

import { afterAll, beforeAll, expect, it } from 'vitest'
import { connectProvider } from '../support/provider.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server?.dispose())

const ROOM = 'build:1'

async function entries(query: string, role: 'read' | 'comment' | 'write', room = ROOM) {
  const token = await server.token(role, { 'build:*': role })
  const answer = await fetch(`${server.url}/api/v1/rooms/${room}/entries${query}`, {
    headers: { authorization: `Bearer ${token}` },
  })
  return { status: answer.status, body: await answer.json() }
}

it('[EVT80] tells of edits and events in one order, without what they hold, whoever may write', async () => {
  const ada = connectProvider({
    wsUrl: server.wsUrl,
    room: ROOM,
    token: await server.token('ada', { 'build:*': 'write' }),
  })
  await ada.synced()
  ada.edits.push(['a secret'])
  await ada.saved()
  const payload = { message: 'a secret', share: 0.5 }
  ada.provider.sendStateless(
    JSON.stringify({ type: 'publish', events: [{ type: 'build.progress', id: '1', payload }] }),
  )
  await expect.poll(async () => (await entries('', 'write')).body.head).toBe(2)
  ada.edits.push(['b'])
  await ada.saved()
  ada.destroy()

  const { status, body } = await entries('', 'write')
  expect(status).toBe(200)
  expect(body).toMatchObject({
    head: 3,
    until: 3,
    names: { ada: 'ada' },
    entries: [
      { seq: 1, actor: 'ada', type: null },
      { seq: 2, actor: 'ada', type: 'build.progress', bytes: JSON.stringify(payload).length },
      { seq: 3, actor: 'ada', type: null },
    ],
  })
  expect(JSON.stringify(body)).not.toContain('secret')
  // The control: the page of events has it.
  const events = await fetch(`${server.url}/api/v1/rooms/${ROOM}/events`, {
    headers: { authorization: `Bearer ${await server.token('ada', { 'build:*': 'write' })}` },
  })
  expect(await events.text()).toContain('secret')
  for (const { at, bytes } of body.entries) {
    expect(Math.abs(at - Date.now())).toBeLessThan(60_000)
    expect(bytes).toBeGreaterThan(0)
  }

  const seqs = async (query: string) => {
    const page = await entries(query, 'write')
    return [page.body.entries.map(({ seq }: { seq: number }) => seq), page.body.until]
  }
  expect(await seqs('?limit=2')).toEqual([[2, 3], 3])
  expect(await seqs('?after=0&limit=2')).toEqual([[1, 2], 2])
  expect(await seqs('?after=2&limit=2')).toEqual([[3], 3])
  expect(await seqs('?after=3')).toEqual([[], 3])
})

it('[EVT80] refuses who may not write, a room that is not there, and a position from the future', async () => {
  for (const role of ['read', 'comment'] as const) {
    expect(await entries('', role)).toMatchObject({ status: 403, body: { error: { code: 'forbidden' } } })
    expect(await entries('', role, 'build:none')).toMatchObject({ status: 403 })
  }
  expect(await entries('', 'write', 'build:none')).toMatchObject({
    status: 404,
    body: { error: { code: 'room-not-found' } },
  })
  expect(await entries('?after=4', 'write')).toMatchObject({ body: { error: { code: 'position-invalid' } } })
})

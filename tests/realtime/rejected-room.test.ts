import { expect, it, onTestFinished } from 'vitest'
import { query } from '../support/blocked-database.ts'
import { connectProvider, type Replica } from '../support/provider.ts'
import { startServer, until } from '../support/server.ts'
import { readRoom } from '../support/typing.ts'

it('[LOG9] a room that the database rejects refuses what its people type on, and nobody else; then all of it is saved', async () => {
  const server = await startServer({ env: { MAX_QUEUE_BYTES: String(2 ** 20) } })
  onTestFinished(() => server.dispose())
  const join = async (room: string, user: string): Promise<Replica> => {
    const replica = connectProvider({ wsUrl: server.wsUrl, room, token: () => server.token(user) })
    onTestFinished(() => replica.destroy())
    await replica.synced()
    return replica
  }
  const bad = await join('doc:bad', 'eve')
  const good = await join('doc:good', 'ada')
  await query(server.databaseUrl, `alter table room_updates add constraint no check (actor <> 'eve')`)
  const typed = ['first']
  bad.edits.push(typed)
  await until(() => server.output().includes('entries of a room are rejected by the database'))
  for (let i = 0; i < 12; i += 1) {
    const edit = `${i}${'x'.repeat(200_000)}`
    typed.push(edit)
    bad.edits.push([edit])
  }
  await until(() => bad.closes.includes('storage-rejects'))
  good.edits.push(['goes on'])
  await good.saved()
  expect([good.closes, good.denials]).toEqual([[], []])
  expect((await fetch(`${server.url}/health/ready`)).status).toBe(200)
  expect(bad.provider.hasUnsyncedChanges).toBe(true)
  const token = await server.token('bob')
  const published = await fetch(`${server.url}/api/v1/rooms/doc:bad/events`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ type: 'comment.created', payload: { text: 'hello' } }),
  })
  expect(published.status).toBe(503)
  expect(await published.json()).toMatchObject({ error: { code: 'storage-rejects', retryable: true } })

  await query(server.databaseUrl, 'alter table room_updates drop constraint no')
  await bad.saved()
  bad.destroy()
  expect(await readRoom(server, 'doc:bad')).toEqual(typed)
})

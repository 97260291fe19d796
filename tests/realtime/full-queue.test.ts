import { expect, it, onTestFinished } from 'vitest'
import { blockWrites } from '../support/blocked-database.ts'
import { connectProvider } from '../support/provider.ts'
import { startServer, until } from '../support/server.ts'
import { readRoom } from '../support/typing.ts'

it('[LOG5] refuses new edits past MAX_QUEUE_BYTES with a reason, keeps those that wait, and later takes all', async () => {
  const server = await startServer({ env: { MAX_QUEUE_BYTES: String(1024 * 1024) } })
  onTestFinished(() => server.dispose())
  const replica = connectProvider({
    wsUrl: server.wsUrl,
    room: 'doc:full',
    token: await server.token('ada'),
  })
  onTestFinished(() => replica.destroy())
  await replica.saved()

  const release = await blockWrites(server.databaseUrl)
  const page = 'x'.repeat(100_000)
  const typed = Array.from({ length: 15 }, (_, index) => `${index} ${page}`)
  for (const edit of typed) replica.edits.push([edit])
  await until(() => replica.stateless.some((payload) => JSON.parse(payload).code === 'storage-full'))
  expect(replica.provider.hasUnsyncedChanges).toBe(true)
  const ready = await fetch(`${server.url}/health/ready`)
  expect(ready.status).toBe(503)
  expect(await ready.text()).toContain('storage-full')

  await release()
  await replica.saved()
  replica.destroy()
  expect(await readRoom(server, 'doc:full')).toEqual(typed)
})

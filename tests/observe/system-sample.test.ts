import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pino } from 'pino'
import { expect, it } from 'vitest'
import { assemble } from '../../server/app.ts'
import { readConfig } from '../../server/config.ts'
import { freshDatabase } from '../support/database.ts'
import { connectProvider } from '../support/provider.ts'
import { until } from '../support/server.ts'
import { SECRET, tokenOf } from '../support/tokens.ts'

interface Answer {
  readonly series: readonly {
    readonly name: string
    readonly points: readonly { readonly count: number; readonly sum: number; readonly max: number }[]
  }[]
}

const ask = (url: string): Promise<Response> => {
  const headers = { authorization: `Bearer ${tokenOf('root', { grants: { '*:*': 'admin' } })}` }
  return fetch(`http://${url}/api/v1/rooms/analytics:system/metrics?width=3600`, { headers })
}

/** What stands in the room of what the server measures of itself, by name: how many values, their sum and their largest. */
async function measured(url: string) {
  const { series } = (await (await ask(url)).json()) as Answer
  return new Map(
    series.map(({ name, points }) => [
      name,
      {
        count: points.reduce((all, { count }) => all + count, 0),
        sum: points.reduce((all, { sum }) => all + sum, 0),
        max: Math.max(...points.map(({ max }) => max)),
      },
    ]),
  )
}

it('[OBS7] [ANA11] what is offered has what is now, and what has happened since it was asked last', async () => {
  const database = await freshDatabase()
  const config = readConfig({ JWT_SECRET: SECRET, DATABASE_URL: database.storage.url })
  const parts = await assemble(config, pino({ level: 'silent' }))
  const server = createServer(parts.listener)
  parts.gateway.attach(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `127.0.0.1:${(server.address() as AddressInfo).port}`
  // Nothing is measured until it starts; its room is there.
  expect((await ask(url)).status).toBe(200)
  parts.start()
  const replica = connectProvider({ wsUrl: `ws://${url}/sync`, room: 'doc:1', token: tokenOf('ada') })
  await replica.synced()
  replica.edits.push(['one'])
  await replica.saved()
  replica.edits.push(['two'])
  await replica.saved()
  await fetch(`http://${url}/nowhere`)
  // Last, as it is waited for: what was counted before it was measured with it, or sooner.
  await parts.publish('ada', 'build:1', [{ type: 'build.queued', id: 'q', payload: { position: 1 } }])
  await until(async () => (await measured(url)).get('events')?.sum === 1)
  const found = await measured(url)
  const sums = ['edits', 'events', 'errors'].map((name) => found.get(name)?.sum)
  expect(sums).toEqual([2, 1, 0])
  expect(found.get('refusals')?.sum).toBeGreaterThanOrEqual(1)
  expect(found.get('commit.ms')?.count).toBe(3)
  expect(found.get('acknowledgement.ms')?.count).toBe(2)
  expect([found.get('connections')?.max, found.get('people')?.max]).toEqual([1, 1])
  expect(found.get('rooms.open')?.max).toBeGreaterThanOrEqual(1)
  expect(found.get('memory.bytes')?.max).toBeGreaterThan(1024 * 1024)
  replica.destroy()
  await parts.stop()
  server.closeAllConnections()
  server.close()
  await parts.end()
  await database.drop()
})

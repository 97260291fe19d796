import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pino } from 'pino'
import { expect, it } from 'vitest'
import { assemble, type Parts } from '../../server/app.ts'
import { readConfig } from '../../server/config.ts'
import { freshDatabase } from '../support/database.ts'
import { connectProvider } from '../support/provider.ts'
import { SECRET, tokenOf } from '../support/tokens.ts'

/** By their names: numbers, and how many values a sketch has. */
const taken = (parts: Parts): Readonly<Record<string, number>> =>
  Object.fromEntries(
    parts
      .systemSample()
      .map((measure) => [measure.name, 'value' in measure ? measure.value : measure.sketch.count]),
  )

it('[OBS7] what is offered has what is now, and what has happened since it was asked last', async () => {
  const database = await freshDatabase()
  const config = readConfig({ JWT_SECRET: SECRET, DATABASE_URL: database.storage.url })
  const parts = await assemble(config, pino({ level: 'silent' }))
  const server = createServer(parts.listener)
  parts.gateway.attach(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `127.0.0.1:${(server.address() as AddressInfo).port}`
  parts.start()
  const replica = connectProvider({ wsUrl: `ws://${url}/sync`, room: 'doc:1', token: tokenOf('ada') })
  await replica.synced()
  taken(parts)
  replica.edits.push(['one'])
  await replica.saved()
  replica.edits.push(['two'])
  await replica.saved()
  await parts.publish('ada', 'build:1', [{ type: 'build.queued', id: 'q', payload: { position: 1 } }])
  await fetch(`http://${url}/nowhere`)
  const sketches = { 'commit.ms': 3, 'acknowledgement.ms': 2 }
  const first = taken(parts)
  expect(first).toMatchObject({ edits: 2, events: 1, refusals: 1, errors: 0, ...sketches })
  expect(first).toMatchObject({ connections: 1, people: 1, 'acknowledgements.held': 0 })
  expect(first['rooms.open']).toBeGreaterThanOrEqual(1)
  expect(first['memory.bytes']).toBeGreaterThan(1024 * 1024)
  expect(first['event-loop.delay.ms']).toBeGreaterThanOrEqual(0)
  const nothing = { edits: 0, events: 0, refusals: 0, 'commit.ms': 0, 'acknowledgement.ms': 0 }
  expect(taken(parts)).toMatchObject({ ...nothing, connections: 1 })
  replica.destroy()
  await parts.stop()
  server.closeAllConnections()
  server.close()
  await parts.end()
  await database.drop()
})

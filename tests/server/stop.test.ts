import { connect } from 'node:net'
import { afterEach, beforeEach, expect, it, onTestFinished } from 'vitest'
import { blockWrites, query } from '../support/blocked-database.ts'
import { connectProvider } from '../support/provider.ts'
import { RawClient } from '../support/raw-client.ts'
import { startServer, type TestServer, until } from '../support/server.ts'
import { acknowledgedBy, readRoom, startTyping } from '../support/typing.ts'

let server: TestServer

beforeEach(async () => {
  server = await startServer()
})
afterEach(() => server.dispose())

it('[RT7] ends with 0 on SIGTERM under typing, cuts who does not answer, and has every acknowledged edit', async () => {
  const asleep = await RawClient.connect({
    wsUrl: server.wsUrl,
    room: 'doc:stop',
    token: await server.token('asleep'),
  })
  await asleep.shake()
  asleep.freeze()
  const typings = await startTyping(server, 'doc:stop', 3)
  await until(() => typings.every((typing) => typing.acknowledged().length >= 30))

  const code = await server.stop()
  const acknowledged = acknowledgedBy(typings)
  for (const typing of typings) {
    typing.stop()
    typing.replica.destroy()
  }
  asleep.cut()
  expect(code).toBe(0)
  expect(server.output()).toContain('stopped')
  expect(server.output()).not.toContain('before everything was saved')

  await server.restart()
  const there = new Set(await readRoom(server, 'doc:stop'))
  expect(acknowledged.filter((edit) => !there.has(edit))).toEqual([])
})

it('[RT7] ends with 0 where a snapshot cannot be written: the log has everything', async () => {
  const replica = connectProvider({
    wsUrl: server.wsUrl,
    room: 'doc:snapshot',
    token: await server.token('ada'),
  })
  await replica.saved()
  await query(server.databaseUrl, 'alter table room_snapshots rename to room_snapshots_away')
  for (let index = 0; index < 150; index += 1) replica.edits.push([String(index)])
  await replica.saved()
  replica.destroy()
  await until(() => server.output().includes('snapshot'))
  expect(await server.stop()).toBe(0)

  await query(server.databaseUrl, 'alter table room_snapshots_away rename to room_snapshots')
  await server.restart()
  expect(await readRoom(server, 'doc:snapshot')).toHaveLength(150)
})

it('[RT7] while the database hangs it ends after its time, not with 0, and what it acknowledged is there', async () => {
  await server.dispose()
  server = await startServer({ env: { STOP_SECONDS: '2' } })
  const typings = await startTyping(server, 'doc:hung', 2)
  await until(() => typings.every((typing) => typing.acknowledged().length >= 10))
  const release = await blockWrites(server.databaseUrl)
  const before = typings.map((typing) => typing.acknowledged().length)
  await until(() => typings.every((typing, index) => typing.typed.length > (before[index] ?? 0) + 10))

  const started = Date.now()
  const code = await server.stop()
  expect(Date.now() - started).toBeLessThan(10_000)
  expect(code).toBe(75)
  expect(server.output()).toContain('before everything was saved')
  const acknowledged = acknowledgedBy(typings)
  for (const typing of typings) {
    typing.stop()
    typing.replica.destroy()
  }

  await release()
  await server.restart()
  const there = new Set(await readRoom(server, 'doc:hung'))
  expect(acknowledged.filter((edit) => !there.has(edit))).toEqual([])
})

it('[RT7] ends with 0 where the client of an upgrade that was refused never ends', async () => {
  const { hostname, port } = new URL(server.url)
  const client = connect({ host: hostname, port: Number(port), allowHalfOpen: true })
  onTestFinished(() => void client.destroy())
  let answer = ''
  client
    .on('error', () => undefined)
    .on('data', (bytes) => {
      answer += bytes
    })
  client.write(
    `GET /elsewhere HTTP/1.1\r\nHost: ${hostname}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
  )
  await until(() => answer.startsWith('HTTP/1.1 404'))
  expect(await server.stop()).toBe(0)
})

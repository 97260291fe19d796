import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it, onTestFinished } from 'vitest'
import { readAfresh, Writer } from '../failures/writer.ts'
import { startServer, type TestServer, until } from '../support/server.ts'
import { SECRET } from '../support/tokens.ts'
import { acknowledgedBy, readRoom, startTyping } from '../support/typing.ts'

const EARLY = fileURLToPath(new URL('../support/early-server.ts', import.meta.url))

/** Types, kills the server with -9 in the middle, throws every replica away, and reads what came back. */
async function killUnderTyping(server: TestServer, room: string) {
  const typings = await startTyping(server, room, 4)
  await until(() => typings.every((typing) => typing.acknowledged().length >= 60))
  await server.kill9()
  const acknowledged = acknowledgedBy(typings)
  const unacknowledged = typings.flatMap((typing) => typing.typed).length - acknowledged.length
  for (const typing of typings) {
    typing.stop()
    typing.replica.destroy()
  }
  await server.restart()
  const there = new Set(await readRoom(server, room))
  return { acknowledged, unacknowledged, lost: acknowledged.filter((edit) => !there.has(edit)) }
}

it('[ACK2] has every acknowledged edit after kill -9 under typing, where stock Hocuspocus lost 1,280 of 1,280', async () => {
  const server = await startServer()
  onTestFinished(() => server.dispose())
  for (const room of ['doc:first', 'doc:second']) {
    const { acknowledged, lost } = await killUnderTyping(server, room)
    expect(acknowledged.length).toBeGreaterThanOrEqual(240)
    expect(lost).toEqual([])
  }
})

it('[ACK2] negative control: a server that acknowledges before it commits is caught losing edits', async () => {
  const server = await startServer({ entry: EARLY })
  onTestFinished(() => server.dispose())
  const { lost } = await killUnderTyping(server, 'doc:early')
  expect(lost.length).toBeGreaterThan(0)
})

/**
 * A provider sends what is typed as its WebSocket opens before what was typed while there was none. The order of the
 * acknowledgements says what of it is saved (a soak lost 203 edits that way).
 */
it('[ACK2][ACK4] has every acknowledged edit where a server is killed among those that were typed while it was away', async () => {
  const server = await startServer({ env: { JWT_SECRET: SECRET } })
  onTestFinished(() => server.dispose())
  const writer = new Writer({ name: 'ada', room: 'doc:away', url: () => server.wsUrl })
  onTestFinished(() => writer.destroy())
  await until(() => writer.isSynced)
  for (let edit = 0; edit < 30; edit += 1) writer.type()
  await until(() => writer.acknowledged === 30)
  await server.kill9()
  for (let edit = 0; edit < 500; edit += 1) writer.type()
  const typing = setInterval(() => writer.type(), 1)
  onTestFinished(() => clearInterval(typing))
  await server.restart()
  await until(() => writer.acknowledged > 30)
  const { acknowledged } = writer
  await server.kill9()
  writer.destroy()
  await server.restart()
  const there = await readAfresh('doc:away', server.wsUrl)
  expect(there.length).toBeGreaterThanOrEqual(acknowledged)
})

it('[ACK3] loses nothing acknowledged when Postgres is killed with -9 under typing, and typing goes on', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'syncline-kill-'))
  const server = await startServer({ env: { DATABASE_URL: '', DATA_DIR: dataDir } })
  onTestFinished(async () => {
    // By SIGTERM, so that its own Postgres has ended before its folder goes.
    await server.stop()
    await server.dispose()
    await rm(dataDir, { recursive: true, force: true })
  })
  const typings = await startTyping(server, 'doc:postgres', 4)
  await until(() => typings.every((typing) => typing.acknowledged().length >= 50))

  const [pid] = (await readFile(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8')).split('\n')
  process.kill(Number(pid), 'SIGKILL')
  const atKill = acknowledgedBy(typings).length
  await until(() => acknowledgedBy(typings).length > atKill + 400, 20_000)

  for (const typing of typings) {
    // No acknowledgement was lost either: nobody had to reconnect.
    expect(typing.replica.closes).toEqual([])
    typing.stop()
  }
  await server.kill9()
  const acknowledged = acknowledgedBy(typings)
  for (const typing of typings) typing.replica.destroy()
  await server.restart()
  const there = await readRoom(server, 'doc:postgres')
  expect(acknowledged.filter((edit) => !there.includes(edit))).toEqual([])
  expect(new Set(there).size).toBe(there.length)
})

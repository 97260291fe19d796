import { expect, it, onTestFinished } from 'vitest'
import { SyncType, syncFrame } from '../../server/realtime/frames.ts'
import { startGateway, type TestGateway } from '../support/gateway.ts'
import { RawClient } from '../support/raw-client.ts'
import { until } from '../support/server.ts'
import { tokenOf } from '../support/tokens.ts'

const LARGE = 60_000
/** So many of them are more than may come for rooms that are not joined. */
const TOO_MANY = 20

async function join({ wsUrl }: TestGateway, room = 'doc:joined'): Promise<RawClient> {
  const client = await RawClient.connect({ wsUrl, room, token: tokenOf('ada') })
  onTestFinished(() => client.cut())
  return client
}

const update = (room: string) => syncFrame(room, SyncType.update, new Uint8Array(LARGE))
const question = (room: string) => syncFrame(room, SyncType.step1, new Uint8Array(LARGE))

it.each([
  ['edits of one room', () => update('doc:never')],
  ['questions for many', (index: number) => question(`doc:never-${index}`)],
])(
  '[LIM15] takes a megabyte of rooms that a WebSocket has not joined, though it has joined another: %s',
  async (_, frame) => {
    const client = await join(await startGateway())
    for (let sent = 0; sent < TOO_MANY; sent += 1) client.raw(frame(sent))
    await until(() => client.closed !== undefined)
    expect(client.closed?.reason).toBe('rate-limited')
  },
)

it('[LIM15] counts nothing of a room that was denied since, nor of one that is being opened', async () => {
  const loaded = Promise.withResolvers<void>()
  const gateway = await startGateway([{ onLoadDocument: () => loaded.promise }])
  const client = await join(gateway, 'doc:loading\0a')
  for (let denied = 1; denied <= 4; denied += 1) {
    for (let sent = 0; sent < TOO_MANY / 2; sent += 1) client.raw(question('doc:loading\0b'))
    client.authenticate('no token', 'doc:loading\0b')
    await until(() => client.denials.length === denied)
  }
  for (let sent = 0; sent < TOO_MANY; sent += 1) client.raw(question('doc:loading\0a'))
  client.authenticate('no token', 'doc:loading\0b')
  await until(() => client.denials.length === 5)
  expect(client.closed).toBeUndefined()
  loaded.resolve()
})

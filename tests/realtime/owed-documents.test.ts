import { expect, it, onTestFinished } from 'vitest'
import * as Y from 'yjs'
import { SyncType, syncFrame } from '../../server/realtime/frames.ts'
import { Session } from '../../server/realtime/session.ts'
import { startGateway, type TestGateway } from '../support/gateway.ts'
import { RawClient } from '../support/raw-client.ts'
import { until } from '../support/server.ts'
import { tokenOf } from '../support/tokens.ts'

/** More than two kernels keep for somebody who does not read; two of it are more than a person may be owed. */
const LARGE = 40_000_000

async function gatewayWith(rooms: Readonly<Record<string, number>>): Promise<TestGateway> {
  const gateway = await startGateway()
  for (const [room, size] of Object.entries(rooms)) {
    const direct = await gateway.hocuspocus.openDirectConnection(room)
    await direct.transact((document) => document.getArray('edits').push(['x'.repeat(size)]))
  }
  return gateway
}

async function join({ wsUrl }: TestGateway, user: string, room: string): Promise<RawClient> {
  const client = await RawClient.connect({ wsUrl, room, token: tokenOf(user) })
  onTestFinished(() => client.cut())
  return client
}

const ask = (client: RawClient, stateVector: Uint8Array) =>
  client.raw(syncFrame(client.room, SyncType.step1, stateVector))

const NOTHING = new Uint8Array([0])

/** Of so many clients whom nobody knows. */
const strangers = (count: number): Uint8Array =>
  Y.encodeStateVector(new Map(Array.from({ length: count }, (_, index) => [2 ** 31 + index, 1])))

const slow = ({ connections }: TestGateway): number =>
  [...connections.all].filter((socket) => socket instanceof Session && !socket.comfortable).length

it('[LIM14] sends somebody who takes none of their documents no further one, over whichever WebSocket, until they are gone', async () => {
  const gateway = await gatewayWith({ 'doc:large': LARGE, 'doc:small': 1 })
  const frozen = [await join(gateway, 'ada', 'doc:large'), await join(gateway, 'ada', 'doc:large')]
  for (const [index, client] of frozen.entries()) {
    client.freeze()
    ask(client, strangers(index + 1))
  }
  await until(() => slow(gateway) === 2)
  const patient = await join(gateway, 'ada', 'doc:small')
  ask(patient, NOTHING)
  // Larger than what is kept of a question that waits, so that Hocuspocus answers it.
  const greedy = await join(gateway, 'ada', 'doc:small')
  ask(greedy, strangers(20_000))
  await until(() => greedy.closed !== undefined)
  expect([greedy.closed?.reason, greedy.updates.length]).toEqual(['slow-reader', 0])
  const other = await join(gateway, 'bob', 'doc:small')
  ask(other, NOTHING)
  await until(() => other.updates.length === 1)
  expect([patient.updates.length, patient.closed]).toEqual([0, undefined])
  for (const client of frozen) client.cut()
  await until(() => patient.updates.length === 1)
})

it('[RT4] ends only whose question cannot be read, also where it had to wait', async () => {
  const gateway = await gatewayWith({ 'doc:large': LARGE })
  const client = await join(gateway, 'ada', 'doc:large')
  const other = await join(gateway, 'bob', 'doc:large')
  client.freeze()
  ask(client, NOTHING)
  await until(() => slow(gateway) === 1)
  ask(client, Uint8Array.of(255))
  // What the other one sees of it was sent after that.
  const edit = new Y.Doc()
  edit.getArray('edits').push(['later'])
  client.update(Y.encodeStateAsUpdate(edit))
  await until(() => other.updates.length > 0)
  client.thaw()
  await until(() => client.closed !== undefined)
  expect(client.closed?.reason).toBe('frame-malformed')
  expect(other.closed).toBeUndefined()
})

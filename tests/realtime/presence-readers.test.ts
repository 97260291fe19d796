import { expect, it, onTestFinished } from 'vitest'
import { SyncType, syncFrame } from '../../server/realtime/frames.ts'
import { queryFrame } from '../../server/realtime/presence-frame.ts'
import { Session } from '../../server/realtime/session.ts'
import { awarenessFrame, entriesIn, entry } from '../support/awareness.ts'
import { startGateway, type TestGateway } from '../support/gateway.ts'
import { RawClient } from '../support/raw-client.ts'
import { until } from '../support/server.ts'
import { tokenOf } from '../support/tokens.ts'

const ROOM = 'doc:readers'
const BOB = 2
const CAROL = 3

async function join({ wsUrl }: TestGateway, user: string): Promise<RawClient> {
  const client = await RawClient.connect({ wsUrl, room: ROOM, token: tokenOf(user) })
  onTestFinished(() => client.cut())
  return client
}

const says = (client: RawClient, id: number, clock: number, state: unknown) =>
  client.raw(awarenessFrame(ROOM, entry(id, clock, state)))

/** Resolves when they are told of that client at that clock; returns what. */
async function told(client: RawClient, id: number, clock: number): Promise<string | undefined> {
  const found = () =>
    entriesIn(client.presence).findLast((said) => said.id === id && said.clock === clock)?.json
  await until(() => found() !== undefined)
  return found()
}

it('[PRE9] tells who does not keep up of the newest, and of who has left, in one frame once they do', async () => {
  const gateway = await startGateway()
  const direct = await gateway.hocuspocus.openDirectConnection(ROOM)
  // More than two kernels keep for somebody who does not read.
  await direct.transact((document) => document.getArray('edits').push(['x'.repeat(40_000_000)]))
  const [slow, bob, carol] = [
    await join(gateway, 'ada'),
    await join(gateway, 'bob'),
    await join(gateway, 'carol'),
  ]
  says(bob, BOB, 1, { at: 1 })
  says(carol, CAROL, 1, {})
  await Promise.all([told(slow, BOB, 1), told(slow, CAROL, 1)])
  slow.freeze()
  slow.raw(syncFrame(ROOM, SyncType.step1, Uint8Array.of(0)))
  const sessions = () => [...gateway.connections.all].filter((socket) => socket instanceof Session)
  await until(() => sessions().some(({ comfortable }) => !comfortable))
  const before = slow.presence.length
  carol.cut()
  await until(() => entriesIn(bob.presence).some(({ id, json }) => id === CAROL && json === 'null'))
  for (let clock = 2; clock <= 5; clock += 1) {
    says(bob, BOB, clock, { at: clock })
    await told(bob, BOB, clock)
  }
  slow.thaw()
  expect(await told(slow, BOB, 5)).toContain('"at":5')
  expect(slow.presence).toHaveLength(before + 1)
  expect(entriesIn(slow.presence).findLast(({ id }) => id === CAROL)?.json).toBe('null')
})

it('[PRE7] counts what somebody is told who asks as if they had sent it', async () => {
  const gateway = await startGateway([], { bytesPerSecond: 1_000 })
  const [ada, bob] = [await join(gateway, 'ada'), await join(gateway, 'bob')]
  says(bob, BOB, 1, { about: 'x'.repeat(7_000) })
  await told(ada, BOB, 1)
  const slowed = () => gateway.logged.filter(({ limit }) => limit === 'messages').map(({ user }) => user)
  for (let asked = 0; slowed().length === 0 && asked < 12; asked += 1) {
    const before = ada.presence.length
    ada.raw(queryFrame(ROOM))
    await until(() => ada.presence.length > before)
  }
  expect(slowed()).toEqual(['ada'])
})

it('[LIM13] counts nobody who could not keep up with what they were sent', async () => {
  const gateway = await startGateway([], { faultsPerMinute: 1, outboundBytes: 64 * 1024 })
  for (let slow = 1; slow <= 3; slow += 1) {
    const client = await join(gateway, 'ada')
    expect(client.refusal).toBeUndefined()
    await client.shake()
    client.freeze()
    const document = gateway.hocuspocus.documents.get(ROOM)
    const refused = () => gateway.logged.filter(({ code }) => code === 'slow-reader').length
    while (refused() < slow) {
      document?.getMap('big').set('value', 'x'.repeat(1_000_000))
      await new Promise(setImmediate)
    }
    client.cut()
    await until(() => gateway.connections.size === 0)
  }
})

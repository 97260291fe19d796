import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { Awareness, applyAwarenessUpdate, removeAwarenessStates } from 'y-protocols/awareness'
import * as Y from 'yjs'
import { colorFor, distinctColor, PALETTE } from '../../client/sdk/color.ts'
import { type Client, connect, type Person, type Room } from '../../client/sdk/index.ts'
import { doubtOthers, loseDoubted } from '../../client/sdk/people.ts'
import { encodeStates } from '../../server/realtime/presence-frame.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer

beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.dispose())

const client = (id: string, shown = id): Client => {
  const made = connect({ url: server.url, token: () => server.token(id), user: { id, name: shown } })
  onTestFinished(() => made.destroy())
  return made
}

const others = (room: Room) => room.getPeople().filter(({ self }) => !self)
const soon = { timeout: 20_000, interval: 5 }

describe('people in a room', () => {
  it('[PRE2] are shown by the name in their token, whatever their client says', async () => {
    const ada = client('ada').room('doc:names')
    const eve = client('eve', 'Ada').room('doc:names')
    await Promise.all([ada.whenSynced(), eve.whenSynced()])
    await vi.waitUntil(() => others(ada).length === 1, soon)
    expect(others(ada)).toMatchObject([{ id: 'eve', name: 'eve', color: colorFor('eve') }])
  })

  it('[PRE8] [SIG1] see and signal each other again at once, after the server was killed', async () => {
    const ada = client('ada').room('doc:again')
    const bob = client('bob').room('doc:again')
    await Promise.all([ada.whenSynced(), bob.whenSynced()])
    const sees = (room: Room, id: string) =>
      vi.waitUntil(() => others(room).some((person) => person.id === id), soon)
    await Promise.all([sees(ada, 'bob'), sees(bob, 'ada')])
    const heard: unknown[] = []
    onTestFinished(bob.onSignal('note', ({ payload }) => heard.push(payload)))
    await server.kill9()
    await vi.waitUntil(() => others(ada).length + others(bob).length === 0, soon)
    expect(ada.signal('note', 'lost')).toBe(false)
    await server.restart()
    await vi.waitUntil(() => ada.status === 'online' && bob.status === 'online', { timeout: 20_000 })
    await Promise.all([sees(ada, 'bob'), sees(bob, 'ada')])
    // Bob's client asks for signals once it has joined, and says where "now" is after that.
    await new Promise<void>((resolve) => {
      onTestFinished(bob.listen({ events: () => undefined, caughtUp: resolve }))
    })
    expect(ada.signal('note', 'heard')).toBe(true)
    await vi.waitUntil(() => heard.length > 0, soon)
    expect(heard).toEqual(['heard'])
  })

  it('[PRE26] say whether they type and where they are, and it is told once for all their tabs', async () => {
    const ada = client('ada').room('doc:where')
    const [one, other] = [client('bob').room('doc:where'), client('bob').room('doc:where')]
    await Promise.all([ada, one, other].map((room) => room.whenSynced()))
    const bob = (): Person | undefined => others(ada)[0]
    await vi.waitUntil(() => bob()?.clients.length === 2, soon)
    expect(bob()).toMatchObject({ status: 'online', device: undefined, typing: false, where: undefined })
    other.setTyping(true)
    one.setWhere('page 3')
    await vi.waitUntil(() => bob()?.typing === true && bob()?.where === 'page 3', soon)
    // What one tab says of itself counts for less while nobody looks at it.
    other.setWhere('page 4')
    one.setPresence('away', true)
    one.setPresence('device', 'phone')
    await vi.waitUntil(() => bob()?.where === 'page 4', soon)
    expect(bob()).toMatchObject({ status: 'online', device: undefined })
    other.setTyping(false)
    other.setPresence('away', true)
    await vi.waitUntil(() => bob()?.status === 'away' && !bob()?.typing, soon)
    expect(bob()?.device).toBe('phone')
  })

  it('[PRE8] negative control: a client that remembers how often others changed does not take them back', () => {
    const doc = new Y.Doc()
    onTestFinished(() => doc.destroy())
    const awareness = new Awareness(doc)
    const told = encodeStates([{ id: 7, clock: 3, json: '{}' }])
    applyAwarenessUpdate(awareness, told, null)
    removeAwarenessStates(awareness, [7], null)
    applyAwarenessUpdate(awareness, told, null)
    expect([...awareness.getStates().keys()]).toEqual([doc.clientID])
    doubtOthers(awareness)
    applyAwarenessUpdate(awareness, told, null)
    expect([...awareness.getStates().keys()]).toEqual([doc.clientID, 7])
    loseDoubted(awareness, null)
    expect([...awareness.getStates().keys()]).toEqual([doc.clientID, 7])
  })

  it('[PRE10] have colours of their own, and the same in everybody’s eyes', async () => {
    const same = (id: string) => colorFor(id) === colorFor('p0')
    const ids = Array.from({ length: 200 }, (_, i) => `p${i}`)
      .filter(same)
      .slice(0, 4)
    expect(ids).toHaveLength(4)
    const rooms = ids.map((id) => client(id).room('doc:colors'))
    await Promise.all(rooms.map((room) => room.whenSynced()))
    const colors = (room: Room) =>
      JSON.stringify(
        room
          .getPeople()
          .map(({ id, color }) => [id, color])
          .sort(),
      )
    await vi.waitUntil(() => {
      const [first, ...rest] = rooms.map(colors)
      const used = new Set(rooms[0]?.getPeople().map(({ color }) => color))
      return used.size === 4 && rest.every((one) => one === first)
    }, soon)
  })

  it('[PRE10] keep the one they have where they come first, or where there is no other', () => {
    const [one = '', two = ''] = PALETTE
    expect(distinctColor('b', one, [])).toBe(one)
    expect(distinctColor('b', one, [{ id: 'c', color: one }])).toBe(one)
    expect(distinctColor('b', one, [{ id: 'a', color: one }])).toBe(two)
    expect(
      distinctColor(
        'z',
        one,
        PALETTE.map((color, i) => ({ id: `p${i}`, color })),
      ),
    ).toBe(one)
  })
})

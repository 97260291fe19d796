import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { type Client, connect, type Room } from '../../client/sdk/index.ts'
import { type StockServer, startStock } from './stock-server.ts'

const client = (url: string, id = 'ada'): Client =>
  connect({ url, token: 'token', user: { id, name: id }, offline: false })

/** As `client`, destroyed with the test. */
const ofTest = (url: string, id?: string): Client => {
  const made = client(url, id)
  onTestFinished(() => made.destroy())
  return made
}

/** Somebody else in the room, past the wire that the test cuts: the server keeps a room while somebody is there. */
const other = async ({ server }: StockServer): Promise<Room> => {
  const room = ofTest(`ws://127.0.0.1:${server.address.port}`, 'bob').room('doc:a')
  await room.whenSaved()
  return room
}

const write = (room: Room, text: string): void => room.doc.getText('content').insert(0, text)
const read = (room: Room): string => room.doc.getText('content').toString()
const reads = (room: Room, text: string): Promise<unknown> =>
  vi.waitUntil(() => read(room) === text, { timeout: 10_000, interval: 5 })
const offline = (room: Room): Promise<unknown> =>
  vi.waitUntil(() => room.status === 'offline', { timeout: 10_000, interval: 5 })
const closed = (room: Room): Promise<unknown> =>
  vi.waitUntil(() => room.getPeople().length === 0, { timeout: 10_000, interval: 5 })

describe('a room that was given back', () => {
  it('[SDK23] stays open over a lost network until all is saved, and closes then', async () => {
    const stock = await startStock()
    const mine = ofTest(stock.url)
    const others = await other(stock)
    const [room, quiet] = [mine.room('doc:a'), mine.room('doc:quiet')]
    await Promise.all([room.whenSaved(), quiet.whenSaved()])
    stock.cut()
    await Promise.all([offline(room), offline(quiet)])
    write(room, 'written offline')
    room.release()
    quiet.release()
    // Given back last, and closed with nothing to save: the other one's moment is over too.
    await expect(quiet.whenSaved()).rejects.toThrow('The room was closed')
    stock.restore()
    await reads(others, 'written offline')
    await closed(room)
  })

  it('[SDK23] does not stay for what is refused', async () => {
    const { url } = await startStock({
      onAuthenticate: async ({ documentName, connectionConfig }) => {
        if (documentName === 'doc:closed') throw Object.assign(new Error(), { reason: 'forbidden' })
        connectionConfig.readOnly = true
      },
    })
    const mine = ofTest(url)
    const rooms = [mine.room('doc:closed'), mine.room('doc:read')]
    for (const room of rooms) {
      write(room, 'not wanted')
      await expect(room.whenSaved()).rejects.toThrow()
      room.release()
    }
    await Promise.all(rooms.map(closed))
    expect(rooms.map(({ unsaved }) => unsaved)).toEqual([1, 1])
  })
})

describe('a client that is destroyed', () => {
  it('[SDK23] first saves what was written before it was connected', async () => {
    const stock = await startStock()
    const others = await other(stock)
    const mine = client(stock.url)
    write(mine.room('doc:a'), 'in passing')
    await mine.destroy()
    await reads(others, 'in passing')
  })

  it('[SDK23] gives a network that is away the time to return', async () => {
    const stock = await startStock()
    const others = await other(stock)
    const mine = client(stock.url)
    const room = mine.room('doc:a')
    await room.whenSaved()
    stock.cut()
    await offline(room)
    write(room, 'written offline')
    const destroyed = mine.destroy()
    stock.restore()
    await destroyed
    await reads(others, 'written offline')
  })

  it('[SDK23] says what it could neither save nor keep, and nothing of what was refused', async () => {
    const stock = await startStock({
      onAuthenticate: async ({ documentName }) => {
        if (documentName === 'doc:closed') throw Object.assign(new Error(), { reason: 'forbidden' })
      },
    })
    const mine = client(stock.url)
    const [room, refused] = [mine.room('doc:a'), mine.room('doc:closed')]
    await room.whenSaved()
    await expect(refused.whenSynced()).rejects.toThrow()
    stock.cut()
    await offline(room)
    write(room, 'lost')
    write(refused, 'refused')
    await expect(mine.destroy()).rejects.toMatchObject({
      message: expect.stringMatching(/ in doc:a: /),
      cause: { code: 'storage-unavailable', retryable: true },
    })
  })

  it('[SDK23] says which rooms have events that nothing outlives', async () => {
    const stock = await startStock()
    const mine = client(stock.url)
    const [room, quiet] = [mine.room('doc:a'), mine.room('doc:quiet')]
    await Promise.all([room.whenSaved(), quiet.whenSaved()])
    stock.cut()
    await offline(room)
    room.publish('chat.message', { text: 'lost' }).catch(() => undefined)
    await expect(mine.destroy()).rejects.toThrow(/ in doc:a: /)
  })
})

describe('a page that would be closed now', () => {
  it('[SDK26] is told while changes or events would go with it, and of nothing that was refused', async () => {
    const stock = await startStock({
      onAuthenticate: async ({ documentName }) => {
        if (documentName === 'doc:closed') throw Object.assign(new Error(), { reason: 'forbidden' })
      },
    })
    const mine = client(stock.url)
    const told: boolean[] = []
    mine.subscribe(() => {
      const { losing } = mine.getState()
      if (losing !== told.at(-1)) told.push(losing)
    })
    const [room, other, refused] = [mine.room('doc:a'), mine.room('doc:other'), mine.room('doc:closed')]
    await expect(refused.whenSynced()).rejects.toThrow()
    write(refused, 'refused')
    await Promise.all([room.whenSaved(), other.whenSaved()])
    expect(told).toEqual([false])
    stock.cut()
    await Promise.all([offline(room), offline(other)])
    write(room, 'for later')
    expect([told, room.getState().losing, other.getState().losing]).toEqual([[false, true], true, false])
    stock.restore()
    await room.whenSaved()
    expect(told).toEqual([false, true, false])
    other.publish('chat.message', { text: 'for later' }).catch(() => undefined)
    expect([told, other.getState().losing]).toEqual([[false, true, false, true], true])
    await mine.destroy().catch(() => undefined)
    expect(told).toEqual([false, true, false, true, false])
  })
})

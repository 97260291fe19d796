import { HocuspocusProvider } from '@hocuspocus/provider'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { countedSockets } from '../../client/sdk/counted-socket.ts'
import {
  type Client,
  type ConnectOptions,
  connect,
  type Room,
  type RoomState,
} from '../../client/sdk/index.ts'
import { startStock } from './stock-server.ts'

const client = (options: Partial<ConnectOptions> & { url: string }): Client => {
  const made = connect({ token: 'token', user: { id: 'ada', name: 'Ada' }, ...options })
  onTestFinished(() => made.destroy())
  return made
}

const until = (room: Room, holds: (state: RoomState) => boolean, timeout = 8_000): Promise<unknown> =>
  vi.waitUntil(() => holds(room.getState()), { timeout, interval: 5 })

const write = (room: Room, text: string): void => room.doc.getText('content').insert(0, text)
const read = (room: Room): string => room.doc.getText('content').toString()
const refuse = (reason: string): never => {
  throw Object.assign(new Error(reason), { reason })
}

describe('a room', () => {
  it('[SDK1] is saving until the server answers, and saved then', async () => {
    let open = (): void => {}
    let gate: Promise<void> | undefined
    const { url } = await startStock({ beforeSync: async ({ type }) => (type === 2 ? gate : undefined) })
    const room = client({ url }).room('doc:a')
    await room.whenSaved()
    gate = new Promise((resolve) => {
      open = resolve
    })
    write(room, 'one')
    write(room, 'two')
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect([room.saved, room.unsaved]).toEqual(['saving', 2])
    open()
    await room.whenSaved()
    expect(room.unsaved).toBe(0)
  })

  it('[SDK1] shares one socket, and one Room among all holders of a name', async () => {
    const { url, connections } = await startStock()
    const mine = client({ url })
    const rooms = [mine.room('doc:a'), mine.room('doc:b'), mine.room('doc:c')]
    await Promise.all(rooms.map((room) => room.whenSaved()))
    expect(connections()).toBe(1)
    expect(mine.room('doc:a')).toBe(rooms[0])
  })

  it('[SDK2] counts what is typed while the wire is cut, and saves it on return', async () => {
    const stock = await startStock()
    const [ada, bob] = [
      client({ url: stock.url }),
      client({ url: stock.url, user: { id: 'bob', name: 'Bob' } }),
    ]
    const [room, other] = [ada.room('doc:a'), bob.room('doc:a')]
    await Promise.all([room.whenSaved(), other.whenSaved()])
    stock.cut()
    await until(room, (state) => state.status === 'offline')
    for (const letter of 'abc') write(room, letter)
    expect([room.saved, room.unsaved]).toEqual(['offline', 3])
    stock.restore()
    await room.whenSaved()
    await vi.waitUntil(() => read(other) === 'cba', { timeout: 5_000 })
    expect(room.unsaved).toBe(0)
  })

  it('[SDK3] shows a refusal of one room and lets the others go on; its edits stay; retry asks again', async () => {
    let open = false
    const { url } = await startStock({
      onAuthenticate: async ({ documentName }) => {
        if (documentName === 'doc:closed' && !open) refuse('forbidden')
      },
    })
    const mine = client({ url })
    const [closed, other] = [mine.room('doc:closed'), mine.room('doc:open')]
    await expect(closed.whenSynced()).rejects.toThrow('You have no access to this room')
    await other.whenSaved()
    write(closed, 'kept')
    expect(closed.getState()).toMatchObject({ status: 'refused', saved: 'offline', unsaved: 1 })
    expect(closed.refusal).toMatchObject({ code: 'forbidden', retryable: false })
    open = true
    closed.retry()
    await closed.whenSaved()
    expect(closed.getState()).toMatchObject({ status: 'online', refusal: undefined, unsaved: 0 })
    expect(other.status).toBe('online')
  })

  it('[SDK24] makes a listener that asks again at each refusal wait', async () => {
    let joins = 0
    const { url } = await startStock({
      onAuthenticate: async () => {
        joins += 1
        if (joins < 4) refuse('forbidden')
      },
    })
    const room = client({ url }).room('doc:a')
    const seen: string[] = []
    room.subscribe(() => {
      if (seen.at(-1) !== room.status) seen.push(room.status)
      if (room.status === 'refused') room.retry()
    })
    await until(room, (state) => state.saved === 'saved')
    const waits = ['refused', 'offline']
    expect(seen).toEqual(['connecting', 'refused', 'connecting', ...waits, ...waits, 'online'])
  })

  it('[SDK3] waits and joins again after a refusal that passes', async () => {
    let joins = 0
    const { url } = await startStock({
      onAuthenticate: async () => {
        joins += 1
        if (joins < 3) refuse('storage-unavailable')
      },
    })
    const room = client({ url }).room('doc:a')
    await until(room, (state) => state.refusal?.code === 'storage-unavailable')
    expect(room.status).toBe('offline')
    await room.whenSaved()
    expect([joins, room.refusal]).toEqual([3, undefined])
  })

  it('[SDK3] says of a refused change in a read-only room that it is not saved', async () => {
    const { url } = await startStock({
      onAuthenticate: async ({ connectionConfig }) => {
        connectionConfig.readOnly = true
      },
    })
    const room = client({ url }).room('doc:a')
    await room.whenSaved()
    expect(room.readOnly).toBe(true)
    write(room, 'x')
    const waiting = room.whenSaved()
    await expect(waiting).rejects.toMatchObject({ cause: { code: 'read-only' } })
    expect([room.saved, room.unsaved, room.refusal?.code]).toEqual(['saving', 1, 'read-only'])
  })

  it('[SDK1] tells who waits for "saved" that the room was closed before', async () => {
    const { url } = await startStock({ beforeSync: () => new Promise(() => undefined) })
    const mine = client({ url })
    const waiting = mine.room('doc:a').whenSaved()
    await Promise.all([expect(waiting).rejects.toThrow('The room was closed'), mine.destroy()])
  })

  it('[SDK4] joins again when the server closes the room and leaves the socket open', async () => {
    const { url, server } = await startStock()
    const room = client({ url }).room('doc:a')
    await room.whenSaved()
    server.hocuspocus.closeConnections('doc:a')
    await until(room, (state) => state.status !== 'online')
    write(room, 'still here')
    await room.whenSaved()
    expect(server.hocuspocus.documents.get('doc:a')?.getText('content').toString()).toBe('still here')
  })

  it('[SDK4] (negative control) the provider alone stays out after such a close', async () => {
    const { url, server } = await startStock()
    const provider = new HocuspocusProvider({ url, name: 'doc:a', token: 't' })
    onTestFinished(() => provider.destroy())
    await vi.waitUntil(() => provider.isSynced, { timeout: 5_000 })
    server.hocuspocus.closeConnections('doc:a')
    await vi.waitUntil(() => !provider.isAuthenticated, { timeout: 20_000 })
    await new Promise((resolve) => setTimeout(resolve, 2_000))
    expect(provider.isAuthenticated).toBe(false)
  })

  it('[SDK4] takes another socket when the one it has gives no answer', { timeout: 25_000 }, async () => {
    const stock = await startStock()
    stock.stall(true)
    const room = client({ url: stock.url }).room('doc:a')
    await vi.waitUntil(() => stock.connections() === 1, { timeout: 20_000 })
    stock.stall(false)
    await until(room, (state) => state.saved === 'saved', 20_000)
    expect(stock.connections()).toBeGreaterThan(1)
  })

  it('[SDK4] can be released and taken again at once, and after it has closed', async () => {
    const { url, server } = await startStock()
    const mine = client({ url })
    const [first, keeper] = [mine.room('doc:a'), mine.room('doc:b')]
    await first.whenSaved()
    first.release()
    expect(mine.room('doc:a')).toBe(first)
    write(first, 'x')
    first.release()
    await vi.waitUntil(() => !server.hocuspocus.documents.has('doc:a'), { timeout: 5_000 })
    const second = mine.room('doc:a')
    expect(second).not.toBe(first)
    await second.whenSaved()
    write(second, 'y')
    await second.whenSaved()
    expect(keeper.status).toBe('online')
  })
})

describe('the token', () => {
  const token = (life: number): string =>
    [
      '',
      Buffer.from(JSON.stringify({ sub: 'eve', name: 'Eve', exp: Date.now() / 1000 + life })).toString(
        'base64url',
      ),
      '',
    ].join('.')

  it('[SDK3] is asked for again when it was refused', async () => {
    const asked: string[] = []
    const { url } = await startStock({
      onAuthenticate: async (payload) => {
        if (payload.token === 'token 1') refuse('token-expired')
      },
    })
    const mine = client({
      url,
      token: ({ reason }) => {
        asked.push(reason)
        return `token ${asked.length}`
      },
    })
    await mine.room('doc:a').whenSaved()
    expect(asked).toEqual(['join', 'refused'])
  })

  it('[SDK24] asked for by a listener that hears of its refusal, is tried once, and the room stays joined', async () => {
    const joins = new Map<string, number>()
    const { url } = await startStock({
      onAuthenticate: async ({ documentName }) => {
        const count = (joins.get(documentName) ?? 0) + 1
        joins.set(documentName, count)
        if (documentName === 'doc:a' && count < 3) refuse('token-expired')
        if (documentName === 'doc:later' && count < 4) refuse('storage-unavailable')
      },
    })
    const goodbyes: string[] = []
    const sockets = countedSockets({
      opened: () => undefined,
      sent: ({ kind, address }) => kind === 'close' && goodbyes.push(address),
      received: () => undefined,
    })
    const mine = client({ url, token: () => `token ${joins.size}`, WebSocket: sockets(WebSocket) })
    const room = mine.room('doc:a')
    const seen: string[] = []
    room.subscribe(() => {
      if (seen.at(-1) !== room.status) seen.push(room.status)
      if (room.refusal?.code === 'token-expired') room.retry()
    })
    await room.whenSaved()
    // The server had ended each session: to say goodbye to it is to wait for an answer.
    expect(goodbyes).toEqual([])
    // Its three waits are longer together than the one that was cut short.
    await mine.room('doc:later').whenSaved()
    const tries = ['connecting', 'offline']
    expect([seen, joins.get('doc:a')]).toEqual([[...tries, ...tries, 'connecting', 'online'], 3])
  })

  it('[SDK3] is renewed before it expires, and sent to the rooms', async () => {
    const asked: string[] = []
    const synced: string[] = []
    const { url } = await startStock({
      onTokenSync: async (payload) => {
        synced.push(payload.token)
      },
    })
    const tokens = [token(6.5), token(3600)]
    const mine = client({
      url,
      user: undefined,
      token: async ({ reason }) => {
        asked.push(reason)
        return tokens[asked.length - 1] ?? ''
      },
    })
    const room = mine.room('doc:a')
    await room.whenSaved()
    expect(room.getPeople()).toMatchObject([{ id: 'eve', name: 'Eve', self: true }])
    await vi.waitUntil(() => synced.length === 1, { timeout: 8_000 })
    expect([asked, synced]).toEqual([['join', 'expiring'], [tokens[1]]])
  })

  it('[SDK3] that cannot be had leaves the room offline with the reason, and is asked for again', async () => {
    const { url } = await startStock()
    let fails = true
    const mine = client({
      url,
      token: () => {
        if (fails) throw new Error('signed out')
        return 'token'
      },
    })
    const room = mine.room('doc:a')
    await until(room, (state) => state.refusal !== undefined)
    expect(room.getState()).toMatchObject({
      status: 'offline',
      refusal: { code: 'token-missing', retryable: true },
    })
    expect(room.refusal?.message).toContain('signed out')
    fails = false
    await room.whenSaved()
  })
})

describe('the people of a room', () => {
  it('are listed once each, the reader first, and nothing of theirs is taken on trust', async () => {
    const { url } = await startStock()
    const rooms = ['ada', 'bob', 'bob'].map((id) => client({ url, user: { id, name: id } }).room('doc:a'))
    await Promise.all(rooms.map((room) => room.whenSaved()))
    const [ada, bob] = rooms
    await vi.waitUntil(() => ada?.getPeople().find((person) => person.id === 'bob')?.clients.length === 2, {
      timeout: 20_000,
    })
    expect(ada?.getPeople().map(({ id, self }) => [id, self])).toEqual([
      ['ada', true],
      ['bob', false],
    ])
    bob?.setPresence('user', { id: 'mallory', name: 'M'.repeat(500), color: 'red;} body {display:none' })
    await vi.waitUntil(() => ada?.getPeople().some((person) => person.id === 'mallory'), { timeout: 20_000 })
    const mallory = ada?.getPeople().find((person) => person.id === 'mallory')
    expect(mallory?.name).toHaveLength(80)
    expect(mallory?.color).toMatch(/^#[0-9a-f]{6}$/)
  })
})

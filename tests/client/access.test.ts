import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { type Client, connect, type Room, type RoomState, type TokenContext } from '../../client/sdk/index.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { SECRET, tokenOf } from '../support/tokens.ts'

let server: TestServer

beforeAll(async () => {
  server = await startServer({ env: { JWT_SECRET: SECRET, MAX_SOCKETS_PER_USER: '2' } })
})
afterAll(() => server.dispose())

const client = (token: (context: TokenContext) => string): Client => {
  const made = connect({ url: server.url, token, user: { id: 'ada', name: 'Ada' } })
  onTestFinished(() => made.destroy())
  return made
}

const text = (room: Room) => room.doc.getText('content')
const until = (room: Room, holds: (state: RoomState) => boolean): Promise<unknown> =>
  vi.waitUntil(() => holds(room.getState()), { timeout: 15_000, interval: 5 })

const revoke = async (body: Readonly<Record<string, string>>): Promise<void> => {
  const answer = await fetch(`${server.url}/api/v1/access/revoke`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${tokenOf('root', { grants: { '*:*': 'admin' }, issued: 20 })}`,
    },
    body: JSON.stringify(body),
  })
  expect(answer.status).toBe(200)
}

describe('the client, when access ends', () => {
  it('[SDK20] gives the server a newer token when it asks, and stays in the room', async () => {
    const asked: string[] = []
    const room = client(({ reason }) => {
      asked.push(reason)
      // The first has used up four fifths of its life in four seconds; the next one lasts.
      return asked.length === 1 ? tokenOf('ada', { issued: 0, expires: 5 }) : tokenOf('ada')
    }).room('doc:renewed')
    await room.whenSynced()
    const seen = new Set<string>()
    room.subscribe(() => void seen.add(room.status))
    await vi.waitUntil(() => asked.length > 1, { timeout: 10_000 })
    text(room).insert(0, 'after it')
    await room.whenSaved()
    expect(asked).toEqual(['join', 'expiring'])
    expect([...seen]).toEqual(['online'])
  })

  it('[SDK21] shows a revocation with what is unsaved, and saves it when the room is given back', async () => {
    let back = false
    const room = client(() => tokenOf('ada', { issued: back ? 25 : -60 })).room('doc:revoked')
    await room.whenSaved()
    await revoke({ user: 'ada', room: 'doc:revoked' })
    await until(room, (state) => state.refusal?.code === 'revoked')
    text(room).insert(0, 'typed meanwhile')
    expect(room.getState()).toMatchObject({ unsaved: 1, refusal: { code: 'revoked' } })
    expect(room.saved).not.toBe('saved')
    back = true
    await until(room, (state) => state.saved === 'saved')
    expect(room.getState()).toMatchObject({ status: 'online', unsaved: 0, refusal: undefined })
    expect(text(room).toString()).toBe('typed meanwhile')
  })

  it('[SDK21] rests, refused and with its edits, where no newer token comes; retry asks again', async () => {
    let back = false
    const room = client(() => tokenOf('bea', { issued: back ? 25 : -60 })).room('doc:gone')
    await room.whenSaved()
    await revoke({ user: 'bea' })
    text(room).insert(0, 'kept')
    await expect(room.whenSaved()).rejects.toMatchObject({ cause: { code: 'revoked' } })
    expect(room.getState()).toMatchObject({
      status: 'refused',
      unsaved: 1,
      refusal: { code: 'revoked', retryable: false },
    })
    back = true
    room.retry()
    await room.whenSaved()
  })

  it('[SDK7] asks over HTTP once more, with a newer token, and says what is refused where there is none', async () => {
    const asked: string[] = []
    const { api } = client(({ reason }) => {
      asked.push(reason)
      return tokenOf('dia', { issued: asked.length > 1 ? 25 : -60 })
    })
    await api.get('/presence?users=dia')
    await revoke({ user: 'dia' })
    await api.get('/presence?users=dia')
    expect(asked).toEqual(['join', 'refused'])
    const gone = client(() => tokenOf('dia', { issued: -60 })).api.get('/presence?users=dia')
    await expect(gone).rejects.toMatchObject({ cause: { code: 'revoked' } })
  })

  it('[SDK22] shows why the server closed the socket, and waits its turn', async () => {
    const others = [0, 1].map(() => client(() => tokenOf('cem')))
    await Promise.all(others.map((other) => other.room('doc:crowd').whenSaved()))
    const third = client(() => tokenOf('cem')).room('doc:crowd')
    await until(third, (state) => state.refusal?.code === 'too-many-connections')
    expect(third.refusal?.retryable).toBe(true)
    await others[0]?.destroy()
    await third.whenSaved()
    expect(third.refusal).toBeUndefined()
  })
})

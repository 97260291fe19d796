import { afterAll, beforeEach, expect, it, onTestFinished, vi } from 'vitest'
import * as Y from 'yjs'
import type { SocketClass } from '../../client/sdk/counted-socket.ts'
import { type Client, connect } from '../../client/sdk/index.ts'
import { authenticated, FakeSocket, step1, step2 } from './fake-socket.ts'

const JOIN_LIMIT_MS = 10_000
const DOCUMENT_LIMIT_MS = 600_000
const LARGE = 'doc:large'
const SMALL = 'doc:small'

// Before the provider is imported, which keeps the clock that it finds then.
vi.hoisted(() => vi.useFakeTimers())
afterAll(() => void vi.useRealTimers())
beforeEach(() => void FakeSocket.made.splice(0))

function client(): Client {
  const made = connect({
    url: 'ws://server/sync',
    token: 'token',
    user: { id: 'ada', name: 'Ada' },
    offline: false,
    WebSocket: FakeSocket as unknown as SocketClass,
  })
  onTestFinished(() => made.destroy())
  return made
}

async function opened(): Promise<FakeSocket> {
  await vi.advanceTimersByTimeAsync(0)
  const socket = FakeSocket.made.at(-1)
  if (socket === undefined) throw new Error('no socket was made')
  socket.open()
  await vi.advanceTimersByTimeAsync(0)
  return socket
}

const documentOf = (text: string): Uint8Array => {
  const doc = new Y.Doc()
  doc.getText('content').insert(0, text)
  return Y.encodeStateAsUpdate(doc)
}

it('[SDK5] waits for a document for as long as it may take, and for the rooms behind it', async () => {
  const mine = client()
  const [large, small] = [mine.room(LARGE), mine.room(SMALL)]
  const socket = await opened()
  socket.receive(authenticated(LARGE))
  await vi.advanceTimersByTimeAsync(DOCUMENT_LIMIT_MS - 1)
  expect([FakeSocket.made.length, socket.readyState]).toEqual([1, 1])

  for (const [name, text] of [
    [LARGE, 'a book'],
    [SMALL, 'a note'],
  ] as const) {
    socket.receive(authenticated(name))
    socket.receive(step1(name, Y.encodeStateVector(new Y.Doc())))
    socket.receive(step2(name, documentOf(text)))
  }
  await vi.advanceTimersByTimeAsync(0)

  expect([large, small].map(({ status }) => status)).toEqual(['online', 'online'])
  expect(large.doc.getText('content').toString()).toBe('a book')
})

it('[SDK4] takes another socket where the server does not say who this is, or the document never comes', async () => {
  const mine = client()
  mine.room(LARGE)
  await opened()
  await vi.advanceTimersByTimeAsync(JOIN_LIMIT_MS)
  const second = await opened()
  expect(FakeSocket.made).toHaveLength(2)

  second.receive(authenticated(LARGE))
  await vi.advanceTimersByTimeAsync(DOCUMENT_LIMIT_MS)
  expect(FakeSocket.made).toHaveLength(3)
})

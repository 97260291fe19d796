import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { type Client, connect, type EventStart, type Room } from '../../client/sdk/index.ts'
import type { EventDraft, Grants } from '../../server/protocol.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer

beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.dispose())

const everything: Grants = { '*:*': 'write' }

const client = (id: string, grants: Grants = everything): Client => {
  const made = connect({ url: server.url, token: () => server.token(id, grants), user: { id, name: id } })
  onTestFinished(() => made.destroy())
  return made
}

/** What a listener of a room was told, from its beginning to now. */
const recorded = (room: Room, from: EventStart): number[] => {
  const seqs: number[] = []
  onTestFinished(room.listen({ events: (events) => seqs.push(...events.map(({ seq }) => seq)) }, from))
  return seqs
}

const progress = (id: string): EventDraft => ({ type: 'build.progress', id, payload: { share: 0 } })

/** Published by somebody who has no part in the test. */
const post = async (room: string, drafts: readonly EventDraft[]): Promise<void> => {
  const answer = await fetch(`${server.url}/api/v1/rooms/${room}/events`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${await server.token('root', { '*:*': 'admin' })}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify(drafts),
  })
  expect(answer.status).toBe(200)
}

const some = (count: number, prefix: string): EventDraft[] =>
  Array.from({ length: count }, (_, i) => progress(`${prefix}${i}`))
const range = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, i) => first + i)
const seen = (seqs: readonly number[], count: number): Promise<unknown> =>
  vi.waitUntil(() => seqs.length >= count, { timeout: 15_000, interval: 5 })

describe('listening to a room', () => {
  it('[EVT41] begins where the application says: at the start, after a seq, or now', async () => {
    await post('build:from', some(1_000, 'old'))
    await post('build:from', some(500, 'older'))
    const room = client('ada').room('build:from')
    await room.whenSynced()
    const [all, late] = [recorded(room, 'start'), recorded(room, 1_490)]
    await seen(all, 1_500)
    const coming = recorded(room, 'now')
    await post('build:from', some(10, 'new'))
    await seen(all, 1_510)
    // Somebody who begins later, and further back, does not disturb the others.
    const again = recorded(room, 1_000)
    await seen(again, 510)
    await post('build:from', some(1, 'last'))
    await seen(all, 1_511)
    await seen(again, 511)
    expect(all).toEqual(range(1, 1_511))
    expect(late).toEqual(range(1_491, 1_511))
    expect(coming).toEqual(range(1_501, 1_511))
    expect(again).toEqual(range(1_001, 1_511))
  })
})

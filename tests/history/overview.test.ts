import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Role } from '../../server/protocol.ts'
import { connectProvider } from '../support/provider.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer

beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.dispose())

async function tokenOf(id: string, name: string, role: Role = 'write'): Promise<string> {
  const response = await fetch(`${server.url}/api/v1/dev/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ user: { id, name }, grants: { 'doc:*': role } }),
  })
  return ((await response.json()) as { readonly token: string }).token
}

// biome-ignore lint/suspicious/noExplicitAny: whatever the route answers
async function ask(path: string, role: Role = 'write'): Promise<any> {
  const headers = { authorization: `Bearer ${await tokenOf('reader', 'Reader', role)}` }
  return (await fetch(`${server.url}/api/v1/rooms/${path}`, { headers })).json()
}

/** Somebody of this id and name comes, does as many edits as there are words, and goes. */
async function write(room: string, id: string, name: string, words: readonly string[]): Promise<void> {
  const replica = connectProvider({ wsUrl: server.wsUrl, room, token: await tokenOf(id, name) })
  await replica.saved()
  const content = replica.document.getText('content')
  for (const word of words) content.insert(content.length, word)
  await replica.saved()
  replica.destroy()
}

describe('a room’s past at a glance', () => {
  it('[HIS21] lists who wrote, each by the name that they last came with', async () => {
    await write('doc:names', 'a1', 'Ada', ['one', ' two'])
    await write('doc:names', 'b1', 'Bob', [' three'])
    await write('doc:names', 'a1', 'Ada Lovelace', [' four'])
    const { writers } = await ask('doc:names/writers')
    expect(writers).toEqual([
      expect.objectContaining({ id: 'a1', name: 'Ada Lovelace', entries: 3, inserted: 12, deleted: 0 }),
      expect.objectContaining({ id: 'b1', name: 'Bob', entries: 1, inserted: 6, deleted: 0 }),
    ])
  })

  it('[HIS21] says of a position when it was reached and by whom', async () => {
    await write('doc:when', 'b1', 'Bob', ['one', ' two'])
    expect(await ask('doc:when/position')).toEqual({
      seq: 2,
      at: expect.stringMatching(/^\d{4}-.*Z$/),
      actor: 'b1',
    })
    expect(await ask('doc:when/position?at=0')).toEqual({ seq: 0, at: null, actor: null })
    expect((await ask('doc:when/position?at=9')).error.code).toBe('position-invalid')
  })

  it('[HIS22] divides what was done into stretches, and nothing of it is lost or doubled', async () => {
    const words = Array.from({ length: 40 }, (_, at) => `${at} `)
    await write('doc:strip', 'a1', 'Ada', words)
    for (const buckets of [1, 3, 40, 500]) {
      const { head, buckets: found } = await ask(`doc:strip/activity?buckets=${buckets}`)
      expect(head).toBe(40)
      expect(found.length).toBeLessThanOrEqual(buckets)
      expect([found[0].firstSeq, found.at(-1).lastSeq]).toEqual([1, 40])
      const sum = found.reduce((total: number, { inserted }: { inserted: number }) => total + inserted, 0)
      // Rounded in each stretch.
      expect(Math.abs(sum - words.join('').length)).toBeLessThanOrEqual(found.length / 2)
    }
  })

  it('[HIS18] refuses all of it to those who may only read', async () => {
    await write('doc:closed', 'a1', 'Ada', ['one'])
    for (const path of ['writers', 'activity', 'position']) {
      expect((await ask(`doc:closed/${path}`, 'read')).error.code, path).toBe('forbidden')
    }
  })
})

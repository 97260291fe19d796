import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as Y from 'yjs'
import type { Grants } from '../../server/protocol.ts'
import { connectProvider } from '../support/provider.ts'
import { startServer, type TestServer, until } from '../support/server.ts'

let server: TestServer

beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.dispose())

interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  // biome-ignore lint/suspicious/noExplicitAny: whatever the route answers
  readonly json: any
}

/** Asks as somebody with a role in every document. */
async function ask(path: string, role: string, init: RequestInit = {}): Promise<Answer> {
  const token = await server.token('ada', { 'doc:*': role } as Grants)
  const response = await fetch(`${server.url}/api/v1/rooms/${path}`, {
    ...init,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
  })
  const text = await response.text()
  const isJson = response.headers.get('content-type')?.startsWith('application/json') ?? false
  return {
    status: response.status,
    headers: response.headers,
    text,
    json: isJson ? JSON.parse(text) : undefined,
  }
}

const post = (path: string, body: unknown, role = 'write') =>
  ask(path, role, { method: 'POST', body: JSON.stringify(body) })

/** Somebody writes words, one edit each, and all of it is saved. */
async function writeWords(room: string, words: readonly string[], user = 'ada'): Promise<void> {
  const replica = connectProvider({ wsUrl: server.wsUrl, room, token: await server.token(user) })
  await replica.saved()
  const content = replica.document.getText('content')
  for (const word of words) content.insert(content.length, word)
  await replica.saved()
  replica.destroy()
}

describe('reading the past over HTTP', () => {
  it('[HIS3] gives any position of what real people typed, in every format', async () => {
    await writeWords('doc:words', ['one', ' two', ' three'])
    const now = await ask('doc:words/content?format=text', 'read')
    expect([now.status, now.text, now.headers.get('syncline-seq')]).toEqual([200, 'one two three', '3'])
    expect(now.headers.get('content-type')).toBe('text/plain; charset=utf-8')
    expect(now.headers.get('content-length')).toBe('13')
    const before = await ask('doc:words/content?format=text&at=2', 'write')
    expect([before.text, before.headers.get('syncline-seq')]).toEqual(['one two', '2'])
    expect((await ask('doc:words/content?at=1', 'write')).json).toEqual({
      seq: 1,
      types: { content: { kind: 'text', value: 'one' } },
    })
    expect((await ask('doc:words/content?format=markdown&at=1', 'write')).text).toBe('```\none\n```')
    expect((await ask('doc:words/content?format=html&at=1', 'write')).text).toBe(
      '<pre><code>one</code></pre>',
    )
    const yjs = await fetch(`${server.url}/api/v1/rooms/doc:words/content?format=yjs&at=2`, {
      headers: { authorization: `Bearer ${await server.token('ada')}` },
    })
    const doc = new Y.Doc()
    Y.applyUpdate(doc, new Uint8Array(await yjs.arrayBuffer()))
    expect(doc.getText('content').toString()).toBe('one two')
  })

  it('[HIS5] takes a time, and the id of a version', async () => {
    await writeWords('doc:times', ['one'])
    const between = new Date().toISOString()
    await until(() => Date.now() > Date.parse(between) + 5)
    await writeWords('doc:times', [' two'])
    const then = await ask(`doc:times/content?format=text&at=${between}`, 'write')
    expect(then.text).toBe('one')
    const zoned = `${between.slice(0, -1)}%2B00:00`
    expect((await ask(`doc:times/content?format=text&at=${zoned}`, 'write')).text).toBe('one')
    expect((await ask('doc:times/content?format=text&at=2001-01-01T00:00:00Z', 'write')).text).toBe('')
    const { json: version } = await post('doc:times/versions', { title: 'First', at: '1' })
    expect((await ask(`doc:times/content?format=text&at=${version.id}`, 'write')).text).toBe('one')
  })

  it('[HIS12] lists sessions, and says who was at work', async () => {
    await writeWords('doc:people', ['hello'], 'ada')
    await writeWords('doc:people', [' world'], 'bob')
    const { json } = await ask('doc:people/timeline', 'write')
    expect(json).toMatchObject({
      sessions: [{ firstSeq: 1, lastSeq: 2, entries: 2, inserted: 11, deleted: 0, versions: [] }],
      next: null,
      head: 2,
    })
    expect(json.sessions[0].people).toMatchObject([
      { id: 'ada', inserted: 5 },
      { id: 'bob', inserted: 6 },
    ])
    expect(
      (await ask('doc:people/timeline?person=bob&gap=60&length=120&named=false', 'write')).json.sessions,
    ).toHaveLength(1)
    expect((await ask('doc:people/timeline?named=true', 'write')).json.sessions).toEqual([])
  })

  it('[HIS17] makes, renames, pins, lists and deletes versions', async () => {
    await writeWords('doc:versions', ['one', ' two'])
    const made = await post('doc:versions/versions', { title: ' Draft ' })
    expect([made.status, made.json]).toMatchObject([
      201,
      { title: 'Draft', seq: 2, author: 'ada', pinned: false },
    ])
    const path = `doc:versions/versions/${made.json.id}`
    const changed = await ask(path, 'write', {
      method: 'PATCH',
      body: JSON.stringify({ title: 'Final', pinned: true, description: 'Sent' }),
    })
    expect(changed.json).toEqual({ ...made.json, title: 'Final', pinned: true, description: 'Sent' })
    expect((await ask(path, 'write')).json).toEqual(changed.json)
    expect((await ask('doc:versions/versions?named=true', 'write')).json).toEqual({
      versions: [changed.json],
      next: null,
    })
    expect((await ask(path, 'write', { method: 'DELETE' })).status).toBe(204)
    expect((await ask(path, 'write')).json.error.code).toBe('version-not-found')
  })
})

describe('who may', () => {
  it('[HIS23] change a version: who named it and administrators of the room, as each answer says', async () => {
    await writeWords('doc:owned', ['one'])
    const { json: version } = await post('doc:owned/versions', { title: 'First' })
    expect(version).toMatchObject({ author: 'ada', mayChange: true })
    const as = async (user: string, role: string, path: string, init: RequestInit = {}) => {
      const token = await server.token(user, { 'doc:*': role } as Grants)
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
      const response = await fetch(`${server.url}/api/v1/rooms/doc:owned/${path}`, { ...init, headers })
      // biome-ignore lint/suspicious/noExplicitAny: whatever the route answers
      return { status: response.status, json: (await response.json().catch(() => undefined)) as any }
    }
    const path = `versions/${version.id}`
    const rename = { method: 'PATCH', body: JSON.stringify({ title: 'Second' }) }
    for (const init of [rename, { method: 'DELETE' }]) {
      const { status, json } = await as('bob', 'write', path, init)
      expect([status, json.error.code]).toEqual([403, 'version-of-another'])
    }
    for (const [user, role, mayChange] of [
      ['ada', 'write', true],
      ['bob', 'write', false],
      ['bob', 'admin', true],
    ] as const) {
      expect((await as(user, role, path)).json).toMatchObject({ title: 'First', mayChange })
      expect((await as(user, role, 'versions?named=true')).json.versions).toMatchObject([{ mayChange }])
      expect((await as(user, role, 'timeline')).json.sessions[0].versions).toMatchObject([{ mayChange }])
    }
    expect((await as('bob', 'admin', path, rename)).json).toMatchObject({ title: 'Second', author: 'ada' })
    expect((await as('bob', 'admin', path, { method: 'DELETE' })).status).toBe(204)
  })

  it('[HIS18] read how it is now: whoever may read the room; how it was, and its versions: who may write', async () => {
    await writeWords('doc:roles', ['one'])
    const { json: version } = await post('doc:roles/versions', { title: 'First' })
    const one = `doc:roles/versions/${version.id}`
    expect((await ask('doc:roles/content', 'read')).status).toBe(200)
    const attempts: [string, RequestInit][] = [
      ['doc:roles/content?at=1', {}],
      ['doc:roles/timeline', {}],
      ['doc:roles/versions', {}],
      [one, {}],
      ['doc:roles/versions', { method: 'POST', body: JSON.stringify({ title: 'mine' }) }],
      [one, { method: 'PATCH', body: JSON.stringify({ title: 'mine' }) }],
      [one, { method: 'DELETE' }],
    ]
    for (const role of ['read', 'comment']) {
      for (const [path, init] of attempts) {
        const { status, json } = await ask(path, role, init)
        expect([status, json.error.code], `${role} ${path}`).toEqual([403, 'forbidden'])
        expect(json.error.message).toContain('write')
      }
    }
    expect((await ask(one, 'write')).json.title).toBe('First')
  })

  it('[HIS18] says nothing of rooms to whom has no role in them, nor without a token', async () => {
    const token = await server.token('eve', { 'project:*': 'admin' })
    for (const path of ['content', 'timeline', 'versions', 'content?at=1']) {
      for (const room of ['doc:roles', 'doc:absent']) {
        const url = `${server.url}/api/v1/rooms/${room}/${path}`
        const refused = await fetch(url, { headers: { authorization: `Bearer ${token}` } })
        expect(refused.status).toBe(403)
        expect(await refused.text()).toContain('You have no access to this room')
        expect((await fetch(url)).status).toBe(401)
      }
    }
    expect((await ask('doc:absent/content', 'admin')).json.error.code).toBe('room-not-found')
  })
})

describe('what is asked wrongly', () => {
  it.each([
    ['content?format=pdf', 400, 'request-invalid'],
    ['content?at=-1', 400, 'position-invalid'],
    ['content?at=1e3', 400, 'position-invalid'],
    ['content?at=99999', 400, 'position-invalid'],
    ['content?at=yesterday', 400, 'position-invalid'],
    ['content?at=2026-03-01T10:00:00', 400, 'position-invalid'],
    ['content?at=2026-13-01T10:00:00Z', 400, 'position-invalid'],
    ['content?at=00000000-0000-4000-8000-000000000000', 404, 'version-not-found'],
    ['versions/00000000-0000-4000-8000-000000000000', 404, 'version-not-found'],
    ['versions/1', 400, 'request-invalid'],
    ['versions?after=1', 400, 'request-invalid'],
    [`versions?after=1.${'-'.repeat(36)}`, 400, 'request-invalid'],
    ['timeline?gap=0', 400, 'request-invalid'],
    ['timeline?length=x', 400, 'request-invalid'],
    ['timeline?from=yesterday', 400, 'request-invalid'],
    ['timeline?before=0', 400, 'request-invalid'],
    ['timeline?limit=101', 400, 'request-invalid'],
    ['timeline?named=perhaps', 400, 'request-invalid'],
    ['timeline?person=%00', 400, 'request-invalid'],
  ])('[HIS7] is refused: %s', async (path, status, code) => {
    await writeWords('doc:asked', ['one'])
    const answer = await ask(`doc:asked/${path}`, 'admin')
    expect([answer.status, answer.json.error.code]).toEqual([status, code])
  })

  it.each([
    [{}],
    [{ title: ' ' }],
    [{ title: 'x'.repeat(201) }],
    [{ title: 'a', description: 'x'.repeat(4001) }],
    [{ title: 'a', pinned: 'yes' }],
    [{ title: 'a', at: 1 }],
    [{ title: 'a\0' }],
    [{ title: 'a', description: '\0b' }],
  ])('[HIS7] is refused: a version of %j', async (body) => {
    await writeWords('doc:asked', ['one'])
    expect((await post('doc:asked/versions', body)).json.error.code).toBe('request-invalid')
  })
})

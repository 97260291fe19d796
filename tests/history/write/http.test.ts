import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Grants } from '../../../server/protocol.ts'
import { connectProvider } from '../../support/provider.ts'
import { startServer, type TestServer, until } from '../../support/server.ts'

let server: TestServer

beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.dispose())

interface Sent {
  readonly method?: 'GET' | 'PUT' | 'POST' | 'PATCH'
  readonly body?: string | object
  readonly role?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** Asks as somebody with a role in every document. */
async function ask(path: string, { method = 'GET', body, role = 'write', headers = {} }: Sent = {}) {
  const token = await server.token('bot', { 'doc:*': role } as Grants)
  const response = await fetch(`${server.url}/api/v1/rooms/${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(typeof body === 'object' && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
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

const put = (path: string, body: string | object, sent: Sent = {}) =>
  ask(path, { method: 'PUT', body, ...sent })
const post = (path: string, body: string | object, sent: Sent = {}) =>
  ask(path, { method: 'POST', body, ...sent })
const patch = (room: string, operations: readonly object[], sent: Sent = {}) =>
  ask(`${room}/content`, { method: 'PATCH', body: { operations }, ...sent })
describe('writing content over HTTP', () => {
  it('[CONV3] creates, appends, patches and replaces, each answered when it is committed', async () => {
    const made = await put('doc:made/content?format=markdown', '# Title\n\nFirst *words*.')
    expect([made.status, made.json]).toEqual([200, { seq: 1, changed: true }])
    expect((await ask('doc:made/content?format=markdown')).text).toBe('# Title\n\nFirst *words*.')
    expect((await post('doc:made/content?format=markdown', '* one\n* two')).json).toEqual({
      seq: 2,
      changed: true,
    })
    const patched = await patch('doc:made', [
      { op: 'replace-text', block: 1, find: 'words', text: 'lines' },
      { op: 'insert-after', block: 0, expect: 'Title', content: '<p>between</p>', format: 'html' },
      { op: 'delete-block', block: 3, expect: 'one\n\ntwo' },
    ])
    expect(patched.json).toEqual({ seq: 3, changed: true })
    const now = await ask('doc:made/content?format=markdown')
    expect(now.text).toBe('# Title\n\nbetween\n\nFirst *lines*.')
    expect((await put('doc:made/content?format=markdown', now.text)).json).toEqual({ seq: 3, changed: false })
    expect((await ask('doc:made')).json).toMatchObject({ head: 3, createdBy: 'bot' })
  })

  it('[CONV4] is seen at once by who has the document open, and by whoever opens it later', async () => {
    const replica = connectProvider({
      wsUrl: server.wsUrl,
      room: 'doc:open',
      token: await server.token('ada'),
    })
    await replica.saved()
    const text = replica.document.getText('content')
    text.insert(0, 'typed ')
    await replica.saved()
    await post('doc:open/content?format=text', 'sent')
    await until(() => text.toString() === 'typed sent')
    replica.destroy()
  })
})

import { afterAll, beforeAll, expect, it } from 'vitest'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer
let authorization: string

beforeAll(async () => {
  server = await startServer()
  authorization = `Bearer ${await server.token('root', { '*:*': 'admin' })}`
  expect((await post('/rooms/user:ada/events', { type: 'user.preferences', payload: {} })).status).toBe(200)
})
afterAll(() => server.dispose())

const post = (path: string, body: unknown) =>
  fetch(`${server.url}/api/v1${path}`, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
const get = (path: string) => fetch(`${server.url}/api/v1${path}`, { headers: { authorization } })

it.each<[string, () => Promise<Response>]>([
  ['a title', () => post('/users/ada/notifications', { category: 'build', title: 'a\u0000' })],
  // As a backend sends it that cuts a text in the middle of an emoji.
  ['half an emoji', () => post('/users/ada/notifications', { category: 'build', title: 'a\ud83d' })],
  ['types of events', () => get('/rooms/user:ada/events?types=%00')],
  ['a chat', () => get('/chats/search?q=a&room=%00')],
  [
    'a description',
    () =>
      post('/webhooks', { url: 'https://a.example', events: ['event:*'], rooms: [], description: '\u0000' }),
  ],
])(
  '[HTTP25] what no database keeps is refused as it is, and nobody is told to try it again: %s',
  async (_, ask) => {
    const answer = await ask()
    expect([answer.status, await answer.json()]).toMatchObject([400, { error: { retryable: false } }])
  },
)

import { once } from 'node:events'
import { createServer, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pino } from 'pino'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { attachSyncline } from '../../server/attach.ts'
import { ConfigError, readConfig } from '../../server/config.ts'
import { refusal } from '../../server/http/refusal.ts'
import { type FreshDatabase, freshDatabase } from '../support/database.ts'
import { connectProvider } from '../support/provider.ts'
import { until } from '../support/server.ts'
import { SECRET, tokenOf } from '../support/tokens.ts'

const silent = pino({ level: 'silent' })

let database: FreshDatabase
let server: Server
let url: string
beforeEach(async () => {
  database = await freshDatabase()
  server = createServer((asked, response) => response.end(`own ${asked.url}`))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterEach(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  await database.drop()
})

const attach = (env: Record<string, string> = { JWT_SECRET: SECRET }) =>
  attachSyncline(server, readConfig({ DATABASE_URL: database.storage.url, ...env }), silent)
const text = async (path: string) => (await fetch(`${url}${path}`)).text()
/** What comes of an upgrade: the first message, or why there is none. */
const upgrade = (path: string): Promise<string> =>
  new Promise((resolve) => {
    const socket = new WebSocket(`${url.replace('http', 'ws')}${path}`)
    socket.on('message', (data) => {
      resolve(String(data))
      socket.close()
    })
    socket.on('error', (error) => resolve(error.message))
  })

it('[CLI14] answers what is Syncline’s, leaves all else, and gives the server back', async () => {
  const before = server.listeners('request')
  const syncline = await attach()
  for (const path of ['/', '/api', '/api/v10', '/health/ready', '/synced', '/x?y=/api/v1/info'])
    expect(await text(path)).toBe(`own ${path}`)
  expect(JSON.parse(await text('/api/v1/info'))).toMatchObject({ development: false })
  expect(JSON.parse(await text('/api/v1/nothing'))).toMatchObject({ error: { code: 'route-not-found' } })
  const replica = connectProvider({
    wsUrl: `${url.replace('http', 'ws')}/sync`,
    room: 'doc:1',
    token: tokenOf('ada'),
  })
  await replica.synced()
  replica.edits.push(['a word'])
  await replica.saved()
  expect(await syncline.close()).toBe(true)
  expect(await text('/api/v1/info')).toBe('own /api/v1/info')
  expect(server.listeners('request')).toEqual(before)
  expect(server.listenerCount('upgrade')).toBe(0)
  replica.destroy()
})

it('[OBS8] hands its metrics to the application, and answers no address for them', async () => {
  const syncline = await attach()
  expect(await text('/metrics')).toBe('own /metrics')
  await text('/api/v1/info')
  const told = await syncline.metrics()
  expect(told).toMatch(/^syncline_ready 1$/m)
  expect(told).toMatch(/^syncline_http_requests_total\{method="GET",status="2xx"\} 1$/m)
  await syncline.close()
})

it('[OBS9] hands its health to the application, and answers no address for it', async () => {
  const syncline = await attach()
  expect(await text('/health/live')).toBe('own /health/live')
  expect(syncline.health()).toEqual({ ready: true, problems: [], degraded: [] })
  const closed = syncline.close()
  const stopping = refusal('shutting-down').error
  expect(syncline.health()).toEqual({ ready: false, problems: [stopping], degraded: [] })
  await closed
})

it('[CLI14] an upgrade is the application’s where it is not to /sync, and refused where nobody would answer', async () => {
  const alone = await attach()
  expect(await upgrade('/own')).toContain('404')
  await alone.close()
  const sockets = new WebSocketServer({ server, path: '/own' })
  sockets.on('connection', (socket) => socket.send('own'))
  const syncline = await attach()
  expect(await upgrade('/own')).toBe('own')
  // The application's WebSockets would answer it with 400.
  const replica = connectProvider({
    wsUrl: `${url.replace('http', 'ws')}/sync`,
    room: 'doc:1',
    token: tokenOf('ada'),
  })
  await replica.synced()
  replica.destroy()
  await syncline.close()
  expect(await upgrade('/own')).toBe('own')
  sockets.close()
})

it('[CLI14] ends the requests that it still answers, so that the application’s server can close', async () => {
  const syncline = await attach()
  const headers = {
    authorization: `Bearer ${tokenOf('ada')}`,
    'content-type': 'application/json',
    'content-length': 100,
  }
  const endless = request(`${url}/api/v1/rooms/doc:1/events`, { method: 'POST', headers })
  const cut = once(endless, 'error')
  endless.write('{')
  await once(server, 'request')
  expect(await syncline.close()).toBe(true)
  await cut
  expect(await text('/own')).toBe('own /own')
})

it('[EVT95] the application’s own code publishes as whom it says, once, and what is wrong is refused', async () => {
  const syncline = await attach()
  const draft = { type: 'build.progress', id: 'one', payload: { share: 0.5 } }
  const replica = connectProvider({
    wsUrl: `${url.replace('http', 'ws')}/sync`,
    room: 'build:1',
    token: tokenOf('eve', { grants: { 'build:*': 'write' } }),
  })
  await replica.synced()
  replica.provider.sendStateless('{"type":"resume","after":0}')
  expect(await syncline.publish('ada', 'build:1', [draft])).toEqual([{ id: 'one', seq: 1 }])
  expect(await syncline.publish('ada', 'build:1', [draft])).toEqual([{ id: 'one', seq: 1 }])
  const told = () =>
    replica.stateless.flatMap((sent) => {
      const { type, events } = JSON.parse(sent)
      return type === 'event' ? events : []
    })
  await until(() => told().length > 0)
  expect(told()).toEqual([{ ...draft, seq: 1, actor: 'ada', at: expect.any(Number) }])

  const wrong = { ...draft, id: 'two', payload: { share: 5 } }
  const refused = async (...said: Parameters<typeof syncline.publish>) =>
    syncline.publish(...said).catch((error: unknown) => error)
  expect(await refused('ada', 'build:1', [wrong])).toMatchObject({ code: 'event-invalid' })
  expect(await refused('ada', 'Build', [draft])).toMatchObject({ code: 'room-name-invalid' })
  expect(await refused('', 'build:2', [draft])).toMatchObject({ code: 'request-invalid' })
  const headers = { authorization: `Bearer ${tokenOf('eve', { grants: { '*:*': 'admin' } })}` }
  expect((await fetch(`${url}/api/v1/rooms/build:2/events`, { headers })).status).toBe(404)
  replica.destroy()
  await syncline.close()
})

it('[CLI14] development mode is refused, as is a configuration that is wrong; the server is untouched', async () => {
  const before = server.listeners('request')
  const error = await attach({}).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(ConfigError)
  expect(error).toMatchObject({ problems: [expect.stringMatching(/^JWT_SECRET, .* must be set/)] })
  expect(server.listeners('request')).toEqual(before)
})

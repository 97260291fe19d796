import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pino } from 'pino'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { attachSyncline } from '../../server/attach.ts'
import { ConfigError, readConfig } from '../../server/config.ts'
import { type FreshDatabase, freshDatabase } from '../support/database.ts'
import { connectProvider } from '../support/provider.ts'
import { SECRET, tokenOf } from '../support/tokens.ts'

const silent = pino({ level: 'silent' })

let database: FreshDatabase
let server: Server
let url: string
beforeEach(async () => {
  database = await freshDatabase()
  server = createServer((request, response) => response.end(`own ${request.url}`))
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

it('[CLI14] development mode is refused, as is a configuration that is wrong; the server is untouched', async () => {
  const before = server.listeners('request')
  const error = await attach({}).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(ConfigError)
  expect(error).toMatchObject({ problems: [expect.stringMatching(/^JWT_SECRET, .* must be set/)] })
  expect(server.listeners('request')).toEqual(before)
})

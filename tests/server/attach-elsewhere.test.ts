import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, request, type Server } from 'node:http'
import { createServer as createSecureServer, request as requestSecurely } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Duplex, Readable } from 'node:stream'
import { json, text } from 'node:stream/consumers'
import * as encoding from 'lib0/encoding'
import { pino } from 'pino'
import { expect, it, onTestFinished } from 'vitest'
import { attachSyncline } from '../../server/attach.ts'
import { readConfig } from '../../server/config.ts'
import type { Grants } from '../../server/protocol.ts'
import { encodeRecord, RecordType } from '../../server/records.ts'
import { freshDatabase } from '../support/database.ts'
import { CERTIFICATE, KEY } from '../support/loopback-certificate.ts'
import { until } from '../support/server.ts'
import { SECRET, tokenOf } from '../support/tokens.ts'

interface Asked {
  readonly path: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
}

/** Puts a request over a connection of its own. */
type Put = (asked: Asked) => ReturnType<typeof request>

async function onUnixSocket(): Promise<[Server, Put]> {
  const folder = await mkdtemp(join(tmpdir(), 'syncline-socket-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const socketPath = join(folder, 'server')
  const server = createServer().listen(socketPath)
  return [server, (asked) => request({ ...asked, socketPath, agent: false })]
}

async function overTls(): Promise<[Server, Put]> {
  const server = createSecureServer({ cert: CERTIFICATE, key: KEY }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return [server, (asked) => requestSecurely({ ...asked, port, ca: CERTIFICATE, agent: false })]
}

async function answerOf(put: Put, asked: Asked): Promise<IncomingMessage> {
  const putting = put(asked)
  putting.end(asked.body)
  const [answer] = await once(putting, 'response')
  return answer
}

const bearer = (user: string, grants: Grants) => ({ authorization: `Bearer ${tokenOf(user, { grants })}` })

/** Settles when it is over, however it ends. */
const closed = (stream: Readable) =>
  new Promise((resolve) => stream.resume().once('error', resolve).once('close', resolve))

/** A WebSocket that never answers anything. */
async function silentSocket(put: Put): Promise<Duplex> {
  const key = Buffer.alloc(16).toString('base64')
  const asked = put({
    path: '/sync',
    headers: {
      connection: 'upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': key,
    },
  })
  asked.end()
  const [, socket] = await once(asked, 'upgrade')
  return socket
}

/** What comes down to somebody who has joined a room over HTTP. */
async function sessionOverHttp(put: Put, user: string): Promise<IncomingMessage> {
  const path = '/sync/http'
  const opened = (await json(await answerOf(put, { path, method: 'POST' }))) as { session: string }
  const headers = { 'syncline-session': opened.session, 'syncline-received': '0' }
  const down = await answerOf(put, { path, headers })
  const token = tokenOf(user)
  const hello = encoding.encode((encoder) => {
    encoding.writeVarString(encoder, 'doc:1')
    encoding.writeVarUint(encoder, 2)
    encoding.writeVarUint(encoder, 0)
    encoding.writeVarString(encoder, token)
  })
  await answerOf(put, {
    path,
    method: 'POST',
    headers: { ...headers, 'syncline-batch': '1' },
    body: encodeRecord(RecordType.frame, hello),
  })
  return down
}

it.each([
  ['listens on a Unix socket', onUnixSocket],
  ['is one of node:https', overTls],
])('[CLI14] in a server that %s, cutting somebody off ends their connection alone', async (_, listening) => {
  const database = await freshDatabase()
  const [server, put] = await listening()
  const syncline = await attachSyncline(
    server,
    readConfig({
      DATABASE_URL: database.storage.url,
      JWT_SECRET: SECRET,
      AUTHENTICATE_WITHIN_MS: '1000',
    }),
    pino({ level: 'silent' }),
  )
  onTestFinished(async () => {
    await syncline.close()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    await database.drop()
  })
  const stranger = await silentSocket(put)
  const cut = closed(stranger)
  const over = await sessionOverHttp(put, 'mallory')
  const follow = () =>
    answerOf(put, {
      path: '/api/v1/rooms/doc:1/events',
      headers: { accept: 'text/event-stream', ...bearer('mallory', { 'doc:*': 'read' }) },
    })
  let events = await follow()
  // Who joins over HTTP is answered before the room is there.
  await until(async () => {
    if (events.statusCode === 404) events = await follow()
    return events.statusCode === 200
  })
  const ended = [over, events].map(closed)
  const revoked = await answerOf(put, {
    path: '/api/v1/access/revoke',
    method: 'POST',
    headers: { 'content-type': 'application/json', ...bearer('root', { '*:*': 'admin' }) },
    body: JSON.stringify({ user: 'mallory' }),
  })
  expect(revoked.statusCode, await text(revoked)).toBe(200)
  await Promise.all([cut, ...ended])
  const info = await answerOf(put, { path: '/api/v1/info' })
  expect(info.statusCode).toBe(200)
  info.resume()
})

import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { WebSocket } from 'ws'
import { connectProvider } from '../support/provider.ts'
import { RawClient } from '../support/raw-client.ts'
import { startServer, type TestServer, until } from '../support/server.ts'
import { claims, now, rsaSigner, type Signer } from './keys.ts'
import { type Answerer, FAILURES, openService, type Service } from './service.ts'

const APPLICATION_SECRET = 'known to the application only: 9f8e7d6c5b4a39281706'

let signer: Signer
let keys: Service
let application: Service
let server: TestServer
beforeAll(async () => {
  signer = rsaSigner('rsa-1')
  keys = await openService(() => ({ keys: [signer.jwk] }))
  application = await openService(() => ({ role: 'write' }))
  server = await startServer({
    env: {
      JWKS_URL: `${keys.url}jwks`,
      JWT_ISSUER: 'https://id.example',
      AUTHORIZE_URL: application.url,
      AUTHORIZE_SECRET: APPLICATION_SECRET,
      LOG_LEVEL: 'trace',
      DEBUG: 'jwks,*',
    },
  })
})
afterAll(async () => {
  await server.dispose()
  await Promise.all([keys.close(), application.close()])
})

const token = (over: object = {}, header: object = {}): string =>
  signer.sign(claims({ iss: 'https://id.example', grants: undefined, ...over }), header)

async function join(as: string, room = 'doc:a'): Promise<RawClient> {
  const client = await RawClient.connect({ wsUrl: server.wsUrl, room, token: as })
  onTestFinished(() => client.close())
  return client
}

const get = (path: string, headers: Record<string, string> = {}) => fetch(`${server.url}${path}`, { headers })
const codeOf = async (response: Response) =>
  ((await response.json()) as { error: { code: string } }).error.code

/** Every part of a token by which it could be known again, or used. */
const traces = (of: string): string[] => of.split('.').filter((part) => part.length > 30)

describe('a token', () => {
  it('[ACC27] is in no line of the log, whatever becomes of it', async () => {
    const used: string[] = []
    const use = (of: string): string => {
      used.push(of)
      return of
    }
    const bad = [
      token({ exp: now() - 60 }),
      token({ aud: 'billing' }),
      token({ iss: 'https://evil.example' }),
      token({ sub: 'a\nb' }),
      token({ grants: { nonsense: 'admin' } }),
      token({}, { kid: 'unknown' }),
      token({}, { kid: 'k'.repeat(300) }),
      `${token().slice(0, -8)}AAAAAAAA`,
      `${token()}.${token()}`,
      `${Buffer.from('{"alg":"none"}'.padEnd(60)).toString('base64url')}.${token().split('.')[1]}.`,
    ]
    for (const each of bad) {
      expect((await join(use(each))).denials, each).toHaveLength(1)
      expect(
        (await get('/api/v1/rooms', { authorization: `Bearer ${use(each)}` })).status,
      ).toBeGreaterThanOrEqual(401)
    }
    const good = use(token())
    const client = await join(good)
    await client.shake()
    expect(client.denials).toEqual([])
    client.authenticate(use(token({ sub: 'somebody else' })))
    await until(() => client.closed !== undefined)
    const provider = connectProvider({ wsUrl: server.wsUrl, room: 'doc:a', token: use(token()) })
    onTestFinished(() => provider.destroy())
    await provider.saved()
    await provider.provider.sendToken()
    for (const path of [
      '/api/v1/rooms',
      '/api/v1/rooms/doc:a',
      '/api/v1/rooms/%00',
      `/api/v1/${good}`,
      `/${good}`,
    ]) {
      await get(path, { authorization: `Bearer ${use(token())}` })
    }
    await get(`/api/v1/rooms?token=${good}`)
    await get('/api/v1/rooms', {
      authorization: good,
      cookie: `token=${good}`,
      referer: `http://x/?token=${good}`,
    })
    await fetch(`${server.url}/api/v1/rooms`, {
      method: 'POST',
      body: good,
      headers: { authorization: `Bearer ${good}` },
    })
    await malformed(`GET /api/v1/rooms HTTP/1.1\r\nauthorization: Bearer ${good}\r\nhost\r\n\r\n`)
    application.answer(FAILURES['a status of 500'] as Answerer)
    expect((await join(use(token({ sub: 'eve' })))).denials).toEqual(['authorization-unavailable'])
    expect(
      (await get('/api/v1/rooms/doc:a', { authorization: `Bearer ${use(token({ sub: 'eve' }))}` })).status,
    ).toBe(503)
    application.answer(() => ({ role: 'write' }))

    const output = server.output()
    for (const each of used) for (const trace of traces(each)) expect(output).not.toContain(trace)
    expect(output).not.toContain(APPLICATION_SECRET)
    // The controls: the log was written, at its finest, and of these very refusals.
    expect(output).toContain('"code":"token-expired"')
    expect(output).toContain('"code":"token-invalid"')
    expect(output).toContain('AUTHORIZE_URL gave no answer')
    expect(output).toContain('jwks')
    expect(
      application.received.some(({ headers }) => headers.authorization === `Bearer ${APPLICATION_SECRET}`),
    ).toBe(true)
  })

  it('[ACC27] that stands in an address is refused, on every route, and counts for nothing', async () => {
    const good = token()
    for (const name of ['token', 'access_token', 'jwt']) {
      const response = await get(`/api/v1/rooms?limit=1&${name}=${good}`, { authorization: `Bearer ${good}` })
      expect([response.status, await codeOf(response)]).toEqual([400, 'request-invalid'])
      const socket = new WebSocket(`${server.wsUrl}?${name}=${good}`)
      const status = await new Promise((resolve) => {
        socket.on('unexpected-response', (_, { statusCode }) => resolve(statusCode))
        socket.on('open', () => resolve('open'))
        socket.on('error', () => undefined)
      })
      socket.terminate()
      expect(status).toBe(400)
    }
    expect(await codeOf(await get('/api/v1/rooms'))).toBe('token-missing')
    // The control: the same token where it belongs.
    expect((await get('/api/v1/rooms?limit=1', { authorization: `Bearer ${good}` })).status).toBe(200)
  })
})

describe('a key set behind a running server', () => {
  it('[ACC23] [ACC24] rotates under people who are connected, and harms nobody when it is away', async () => {
    const provider = connectProvider({ wsUrl: server.wsUrl, room: 'doc:keys', token: token() })
    onTestFinished(() => provider.destroy())
    await provider.saved()
    const newer = rsaSigner('rsa-2')
    const tokenOfNewer = () => newer.sign(claims({ iss: 'https://id.example' }))
    keys.answer(FAILURES['a cut line'] as Answerer)
    await until(
      async () => (await join(tokenOfNewer(), 'doc:keys')).denials[0] === 'authorization-unavailable',
      12_000,
    )
    // Somebody who stands and shows a token whose key cannot be had goes on, and is asked for it again.
    provider.provider.configuration.token = tokenOfNewer
    await provider.provider.sendToken()
    provider.edits.push(['during the outage'])
    await provider.saved()
    expect((await join(token(), 'doc:keys')).denials).toEqual([])
    const asked = keys.received.length
    keys.answer(() => ({ keys: [signer.jwk, newer.jwk] }))
    await until(() => keys.received.length > asked, 15_000)
    await until(async () => (await join(tokenOfNewer(), 'doc:keys')).denials.length === 0, 12_000)
    expect([provider.closes, provider.denials]).toEqual([[], []])
    expect((await get('/health/live')).status).toBe(200)
  })
})

/** Something that is no HTTP, sent as it is. */
const malformed = (text: string): Promise<void> =>
  new Promise((resolve) => {
    const { port, hostname } = new URL(server.url)
    const outgoing = request({ port, host: hostname, agent: false })
    outgoing.on('socket', (socket) => {
      socket.on('connect', () => socket.end(text))
      socket.on('close', () => resolve())
    })
    outgoing.on('error', () => undefined)
  })

import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { verificationKey, verifyToken } from '../../server/access/token.ts'
import { DEVELOPMENT_KEY, refusalOf, TestServer } from './server.ts'

const PATH = '/api/v1/dev/token'
const ADA = { user: { id: 'ada', name: 'Ada' } }

let server: TestServer

beforeAll(async () => {
  server = await TestServer.start({ tokens: DEVELOPMENT_KEY })
})
afterAll(() => server.close())

/** fetch lets nobody choose the Host header; a name that points here chooses it for a browser. */
function statusFor(host: string, origin: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const headers = { host, origin, 'content-type': 'application/json' }
    request({ port: server.port, host: '127.0.0.1', path: PATH, method: 'POST', headers }, (response) => {
      response.resume()
      resolve(response.statusCode)
    })
      .on('error', reject)
      .end(JSON.stringify(ADA))
  })
}

describe('the token route of development mode', () => {
  it('[ACC9] signs a token that may write documents, or what it is asked for', async () => {
    const plain = (await (await server.post(PATH, ADA)).json()) as { token: string }
    expect(verifyToken(verificationKey(DEVELOPMENT_KEY), plain.token)).toMatchObject({
      user: 'ada',
      name: 'Ada',
      grants: { 'doc:*': 'write' },
    })
    const asked = (await (await server.post(PATH, { ...ADA, grants: { '*:*': 'admin' } })).json()) as {
      token: string
    }
    expect(verifyToken(verificationKey(DEVELOPMENT_KEY), asked.token).grants).toEqual({ '*:*': 'admin' })
  })

  it('[ACC9] is there in development mode only', async () => {
    const strict = await TestServer.start()
    expect(await refusalOf(await strict.post(PATH, ADA))).toMatchObject({ code: 'route-not-found' })
    const paths = async (from: TestServer) =>
      Object.keys(((await (await from.get('/api/v1/openapi.json')).json()) as { paths: object }).paths)
    expect(await paths(strict)).not.toContain(PATH)
    expect(await paths(server)).toContain(PATH)
    expect(await (await strict.get('/api/v1/info')).json()).toEqual({ version: '1.2.3', development: false })
    expect(await (await server.get('/api/v1/info')).json()).toEqual({ version: '1.2.3', development: true })
    await strict.close()
  })

  it('[ACC10] refuses pages of other origins, and names that others pointed here', async () => {
    const own = `127.0.0.1:${server.port}`
    expect(await statusFor(own, `http://${own}`)).toBe(200)
    expect(await statusFor('localhost:1234', 'http://localhost:1234')).toBe(200)
    expect(await statusFor(own, 'https://app.example')).toBe(200)
    expect(await statusFor(own, 'https://evil.example')).toBe(403)
    expect(await statusFor(own, 'null')).toBe(403)
    expect(await statusFor('evil.example', 'http://evil.example')).toBe(403)
  })

  it.each([
    ['nothing', '', 'request-invalid', ''],
    ['what is no JSON', '{"user":', 'request-invalid', ''],
    ['a list', [], 'request-invalid', 'body'],
    ['no user', {}, 'request-invalid', 'body: user'],
    ['a user with a NUL', { user: { id: 'a\u0000' } }, 'request-invalid', 'body: user.id'],
    ['a key too many', { ...ADA, grant: {} }, 'request-invalid', 'grant'],
    ['an unknown role', { ...ADA, grants: { 'doc:*': 'god' } }, 'request-invalid', 'body: grants.doc:*'],
    ['a wrong pattern', { ...ADA, grants: { doc: 'read' } }, 'request-invalid', 'body: grants'],
    ['a body too large', { user: { id: 'x'.repeat(1024 * 1024) } }, 'request-too-large', ''],
  ])('[HTTP9] refuses %s and says where', async (_, body, code, where) => {
    const answer = await refusalOf(await server.post(PATH, body))
    expect(answer.code).toBe(code)
    expect(answer.message).toContain(where)
    expect(answer.message.length).toBeLessThan(300)
  })

  it('[HTTP9] refuses a body too large that does not say how large it is', async () => {
    const chunk = new Uint8Array(256 * 1024).fill(32)
    let left = 8
    const body = new ReadableStream({
      pull: (controller) => (left-- > 0 ? controller.enqueue(chunk) : controller.close()),
    })
    const init = { method: 'POST', body, duplex: 'half', headers: { 'content-type': 'application/json' } }
    expect(await refusalOf(await server.get(PATH, init as RequestInit))).toMatchObject({
      status: 413,
      code: 'request-too-large',
    })
  })

  it('[HTTP9] refuses what a form of another page could send', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded']) {
      const response = await server.post(PATH, ADA, { 'content-type': type })
      expect((await refusalOf(response)).code, type).toBe('request-invalid')
    }
  })
})

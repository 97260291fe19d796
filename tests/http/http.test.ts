import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Refusal, refusal } from '../../server/http/refusal.ts'
import { refusalOf, TestServer } from './server.ts'

let server: TestServer

beforeAll(async () => {
  server = await TestServer.start()
})
afterAll(() => server.close())

/** Bytes as they are, past everything that fetch would put right. */
function raw(request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = ''
    const socket = connect(server.port, '127.0.0.1', () => socket.write(request))
    socket.setEncoding('utf8').on('data', (text: string) => {
      answer += text
    })
    socket.on('end', () => resolve(answer)).on('error', reject)
  })
}

describe('health', () => {
  it('[HTTP1] says that the process lives and that it is ready', async () => {
    const live = await server.get('/health/live')
    expect([live.status, await live.json()]).toEqual([200, { live: true }])
    const ready = await server.get('/health/ready')
    expect([ready.status, await ready.json()]).toEqual([200, { ready: true, problems: [], degraded: [] }])
  })

  it('[HTTP1] answers 503 and why when edits cannot be saved, and lives on', async () => {
    const sick = await TestServer.start({
      readiness: () => ({ ready: false, problems: ['storage-unavailable'], degraded: [] }),
    })
    const ready = await sick.get('/health/ready')
    const problem: Refusal['error'] = refusal('storage-unavailable').error
    expect([ready.status, await ready.json()]).toEqual([
      503,
      { ready: false, problems: [problem], degraded: [] },
    ])
    expect((await sick.get('/health/live')).status).toBe(200)
    await sick.close()
  })
})

describe('every answer', () => {
  it('[HTTP2] carries the security headers, refusals and files too', async () => {
    for (const path of [
      '/',
      '/health/live',
      '/api/v1/info',
      '/api/v1/rooms',
      '/nowhere',
      '/assets/main-4f3a.js',
    ]) {
      const { headers } = await server.get(path)
      const policy = headers.get('content-security-policy') ?? ''
      expect(policy, path).toContain("script-src 'self';")
      expect(policy, path).toContain("frame-ancestors 'none'")
      expect(headers.get('x-content-type-options'), path).toBe('nosniff')
      expect(headers.get('referrer-policy'), path).toBe('strict-origin-when-cross-origin')
    }
  })

  it('[HTTP3] lets pages of listed origins read it, and of no others', async () => {
    const from = async (origin: string) =>
      (await server.get('/api/v1/info', { headers: { origin } })).headers.get('access-control-allow-origin')
    expect(await from('https://app.example')).toBe('https://app.example')
    expect(await from('https://evil.example')).toBeNull()
    expect(await from('null')).toBeNull()
    const preflight = await server.get('/api/v1/rooms', {
      method: 'OPTIONS',
      headers: { origin: 'https://app.example', 'access-control-request-headers': 'authorization' },
    })
    expect(preflight.status).toBe(204)
    expect(preflight.headers.get('access-control-allow-headers')).toContain('Authorization')
    expect(preflight.headers.get('content-security-policy')).not.toBeNull()
  })

  it('[HTTP3] keeps those headers on refusals, so that a page can read why', async () => {
    const { headers } = await server.get('/api/v1/rooms', { headers: { origin: 'https://app.example' } })
    expect(headers.get('access-control-allow-origin')).toBe('https://app.example')
  })
})

describe('an unknown address', () => {
  it.each([
    '/api/v1/nowhere',
    '/api/v1',
    '/api/v1/constructor',
    '/sync',
    '/assets/gone.js',
    '/%00',
    '/..%2f..%2fetc%2fpasswd',
  ])('[HTTP4] %s is refused in the words of the catalogue', async (path) => {
    const response = await server.get(path)
    expect(response.headers.get('content-type')).toContain('application/json')
    expect(await refusalOf(response)).toMatchObject({ status: 404, code: 'route-not-found' })
  })

  it('[HTTP4] is not a page of the studio below the API, even for a browser', async () => {
    const response = await server.get('/api/v1/nowhere', { headers: { accept: 'text/html' } })
    expect(response.status).toBe(404)
  })

  it.each([
    [
      'a path above the root',
      'GET /../../../../etc/passwd HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
      '404',
    ],
    ['a backslash', 'GET /\\..\\x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n', '400'],
    ['a host that is none', 'GET / HTTP/1.1\r\nHost: a b/c\r\nConnection: close\r\n\r\n', '400'],
    ['half a percent sign', 'GET /api/v1/%E0%A HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n', '404'],
  ])('[HTTP4] is refused for %s, and the server goes on', async (_, request, status) => {
    const answer = await raw(request)
    expect(answer).toContain(`HTTP/1.1 ${status}`)
    expect(answer).not.toContain('root:')
    expect((await server.get('/health/live')).status).toBe(200)
  })
})

describe('an unexpected failure', () => {
  it('[HTTP5] is logged once with an id, and tells the client nothing but that id', async () => {
    const failing = await TestServer.start({
      readiness: () => {
        throw new Error('secret detail')
      },
    })
    const response = await failing.get('/health/ready')
    const text = await response.clone().text()
    expect(await refusalOf(response)).toMatchObject({ status: 500, code: 'internal' })
    expect(text).not.toMatch(/secret|at |\.ts/)
    const requestId = response.headers.get('x-request-id')
    const about = failing.logged.filter((line) => line.requestId === requestId)
    expect(about).toHaveLength(1)
    expect(about[0]).toMatchObject({ err: { message: 'secret detail' }, route: 'GET /health/ready' })
    await failing.close()
  })
})

describe('the studio', () => {
  it('[HTTP6] keeps hashed assets for ever and asks for the page again', async () => {
    const asset = await server.get('/assets/main-4f3a.js')
    expect(asset.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
    expect(asset.headers.get('content-type')).toContain('javascript')
    for (const path of ['/', '/mark.svg']) {
      expect((await server.get(path)).headers.get('cache-control'), path).toBe('no-cache')
    }
  })

  it('[HTTP6] shows its page at every address that a person may open', async () => {
    const page = await server.get('/documents/doc%3Areadme', { headers: { accept: 'text/html' } })
    expect(page.status).toBe(200)
    expect(await page.text()).toContain('<title>Studio</title>')
    expect((await server.get('/documents/doc%3Areadme')).status).toBe(404)
  })

  it('[HTTP6] may be missing', async () => {
    const bare = await TestServer.start({ studioDir: '/nonexistent' })
    expect((await bare.get('/', { headers: { accept: 'text/html' } })).status).toBe(404)
    await bare.close()
  })
})

describe('the OpenAPI document', () => {
  it('[HTTP7] is OpenAPI 3.1 and lists every route', async () => {
    const response = await server.get('/api/v1/openapi.json')
    const document = (await response.json()) as Record<string, unknown> & {
      paths: Record<string, Record<string, { responses: object; security?: object[] }>>
    }
    expect(document).toMatchObject({ openapi: '3.1.0', info: { title: 'Syncline', version: '1.2.3' } })
    const routes = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method} ${path}`),
    )
    expect(routes.sort()).toEqual([
      'get /api/v1/audit',
      'get /api/v1/info',
      'get /api/v1/openapi.json',
      'get /api/v1/rooms',
      'get /api/v1/rooms/{room}',
      'get /health/live',
      'get /health/ready',
      'post /api/v1/access/revoke',
    ])
    expect(document.paths['/api/v1/rooms']?.get?.security).toEqual([{ bearer: [] }])
  })

  it('[HTTP7] refers to nothing that it does not define', async () => {
    const text = await (await server.get('/api/v1/openapi.json')).text()
    const document: unknown = JSON.parse(text)
    const references = [...text.matchAll(/"\$ref":"#\/([^"]+)"/g)].map((match) => match[1] ?? '')
    expect(references.length).toBeGreaterThan(0)
    for (const reference of references) {
      let target: unknown = document
      for (const key of reference.split('/')) target = (target as Record<string, unknown> | undefined)?.[key]
      expect(target, reference).toBeDefined()
    }
  })
})

import { HARMLESS, type PortAttack } from './attack.ts'
import { eventually, type Target, Wire } from './target.ts'

const TOKEN_ROUTE = '/api/v1/dev/token'
const MIB = 1024 * 1024

interface Request {
  readonly method?: string
  readonly path?: string
  readonly headers?: readonly string[]
  readonly body?: string
}

/** A request to the letter, with nothing that a library would mend. */
const request = ({ method = 'GET', path = '/health/live', headers = [], body = '' }: Request): string =>
  [
    `${method} ${path} HTTP/1.1`,
    'Host: 127.0.0.1',
    ...headers,
    ...(body === '' ? [] : [`Content-Length: ${Buffer.byteLength(body)}`]),
    '',
    body,
  ].join('\r\n')

const send = (bytes: string | Request | readonly Request[]) => async (target: Target) => {
  const wire = new Wire(target)
  for (const one of [bytes].flat()) wire.write(typeof one === 'string' ? one : request(one))
  const statuses = await wire.statuses()
  const secrets = /root:x:0:0|at .*\.(ts|js):\d+|SQLSTATE|JWT_SECRET/.exec(wire.received)
  wire.close()
  if (secrets !== null) throw new Error(`the answer tells ${secrets[0]}`)
  // Node hangs up on what it has no listener for.
  return statuses.length === 0 && wire.ended ? ['ended'] : statuses
}

const http = (
  name: string,
  against: string,
  answers: readonly (number | string)[],
  bytes: Parameters<typeof send>[0],
): PortAttack => ({ kind: 'port', name, against, outcome: HARMLESS, answers, run: send(bytes) })

const post = (body: string, ...headers: readonly string[]): Request => ({
  method: 'POST',
  path: TOKEN_ROUTE,
  headers: headers.length === 0 ? ['Content-Type: application/json'] : headers,
  body,
})

const BODIES = 'reading a body'
const PATHS = 'what an address leads to'
const SMUGGLING = 'where a request ends'

/** Requests over HTTP, each to the letter. */
export const HTTP: readonly PortAttack[] = [
  http('a body that is not JSON', BODIES, [400], post('{"user":')),
  http('a body of two megabytes', BODIES, [413], post(JSON.stringify({ user: { id: 'x'.repeat(2 * MIB) } }))),
  http('a body nested 100,000 deep', BODIES, [400], post(`${'['.repeat(100_000)}${']'.repeat(100_000)}`)),
  http(
    'an object nested 50,000 deep',
    BODIES,
    [400],
    post(`${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`),
  ),
  http(
    'a body with keys that every object has',
    BODIES,
    [400],
    post(
      '{"__proto__":{"user":{"id":"eve"}},"constructor":{"prototype":{}},"user":{"id":"eve","__proto__":{"name":"x"}}}',
    ),
  ),
  http(
    'grants with keys that every object has',
    BODIES,
    [400],
    post('{"user":{"id":"eve"},"grants":{"__proto__":"admin","constructor":"admin"}}'),
  ),
  http(
    'ten thousand grants',
    BODIES,
    [400, 413],
    post(
      JSON.stringify({
        user: { id: 'eve' },
        grants: Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`doc:${i}`, 'read'])),
      }),
    ),
  ),
  http(
    'a body of another type',
    BODIES,
    [400, 415],
    post('user=eve', 'Content-Type: application/x-www-form-urlencoded'),
  ),
  http(
    'a form with files',
    BODIES,
    [400, 415],
    post('--x\r\n\r\n--x--', 'Content-Type: multipart/form-data; boundary=x'),
  ),
  http(
    'a body that says it is compressed',
    BODIES,
    [400, 415],
    post('\x1f\x8b\x08junk', 'Content-Type: application/json', 'Content-Encoding: gzip'),
  ),

  ...[
    '/../../../etc/passwd',
    '/..%2f..%2f..%2fetc%2fpasswd',
    '/%2e%2e/%2e%2e/etc/passwd',
    '/assets/..%5c..%5c..%5cetc%5cpasswd',
    '/assets/%00/etc/passwd',
    '//etc/passwd',
    '/assets/....//....//etc/passwd',
    '/%c0%ae%c0%ae/etc/passwd',
    '/%',
  ].map((path) => http(`the path ${path}`, PATHS, [400, 404], { path })),
  http('a room with an encoded slash', PATHS, [400, 401, 404], {
    path: '/api/v1/rooms/doc%3Aa%2F..%2F..%2Fhealth',
  }),
  http('a room with an encoded NUL', PATHS, [400, 401, 404], { path: '/api/v1/rooms/doc%3Aa%00b' }),
  http('a room named after what every object has', PATHS, [400, 401, 404], {
    path: '/api/v1/rooms/__proto__',
  }),
  http('a query with what every object has', PATHS, [400, 401], {
    path: "/api/v1/rooms?limit=__proto__&kind[]=doc&after=1';drop table rooms;--&__proto__[x]=1",
  }),
  http('an address of 60 kB', PATHS, [414, 431], { path: `/${'a'.repeat(60_000)}` }),
  http('an address on another machine', PATHS, [200, 400, 404], {
    path: 'http://169.254.169.254/latest/meta-data/',
  }),
  http('a host that is none', PATHS, [200, 400], 'GET /health/live HTTP/1.1\r\nHost: a b"<>\r\n\r\n'),
  http('no host', PATHS, [400], 'GET /health/live HTTP/1.1\r\n\r\n'),
  http('methods that there are not', PATHS, [400, 404, 405, 501], { method: 'TRACE', path: '/api/v1/rooms' }),
  http('a tunnel', PATHS, [400, 404, 405, 'ended'], { method: 'CONNECT', path: '127.0.0.1:5432' }),

  http('a thousand headers', 'memory', [200, 431], {
    headers: Array.from({ length: 1000 }, (_, i) => `X-${i}: ${i}`),
  }),
  http('a header of 100 kB', 'memory', [431], { headers: [`X-Long: ${'x'.repeat(100_000)}`] }),
  http('a token of 100 kB', 'memory', [431], {
    path: '/api/v1/rooms',
    headers: [`Authorization: Bearer ${'x'.repeat(100_000)}`],
  }),
  http('a line end inside a header', 'log lines', [400, 401, 404], {
    path: '/api/v1/rooms',
    headers: ['Authorization: Bearer x\nX-Injected: 1'],
  }),

  http('two lengths', SMUGGLING, [400], {
    method: 'POST',
    path: TOKEN_ROUTE,
    headers: ['Content-Length: 3', 'Content-Length: 30'],
  }),
  http('a length and chunks', SMUGGLING, [400], {
    method: 'POST',
    path: TOKEN_ROUTE,
    headers: ['Content-Length: 4', 'Transfer-Encoding: chunked'],
  }),
  http('chunks that are hidden', SMUGGLING, [400], {
    method: 'POST',
    path: TOKEN_ROUTE,
    headers: ['Transfer-Encoding: xchunked'],
  }),
  http(
    'a chunk of no number',
    SMUGGLING,
    [400],
    `POST ${TOKEN_ROUTE} HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n`,
  ),
  http('a length below nothing', SMUGGLING, [400], {
    method: 'POST',
    path: TOKEN_ROUTE,
    headers: ['Content-Length: -1'],
  }),
  http('spaces before the colon', SMUGGLING, [400], { headers: ['Content-Length : 5'] }),
  http(
    'five hundred requests in a row',
    'the time of the processor',
    [200, 429],
    Array.from({ length: 500 }, () => ({})),
  ),
  http('the beginning of HTTP/2', SMUGGLING, [400, 505], 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
  http('the beginning of TLS', SMUGGLING, [400], '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'),

  {
    kind: 'port',
    name: 'two hundred requests that are never finished',
    against: 'connections',
    outcome: HARMLESS,
    run: async (target) => {
      const wires = Array.from({ length: 200 }, () => new Wire(target))
      for (const wire of wires) wire.write('POST /api/v1/dev/token HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ')
      const live = await fetch(`${target.url}/health/live`)
      for (const wire of wires) wire.write('a')
      for (const wire of wires) wire.close()
      await eventually(() => wires.every(({ ended }) => ended), 2_000)
      return [`${live.status}`]
    },
    answers: [200],
  },
]

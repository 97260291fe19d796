import { Hono } from 'hono'
import { pino } from 'pino'
import { expect, it } from 'vitest'
import { metricsRoutes } from '../../server/http/metrics.ts'
import { answerError, type Refusal } from '../../server/http/refusal.ts'

const TOKEN = 'metrics-only-0f1e2d3c4b5a69788796a5b4'
const TEXT = 'syncline_ready 1\n'

/** What is asked of whom: `from` is the address of the socket itself. */
async function ask(
  token: string | undefined,
  from: string,
  headers: Record<string, string> = {},
  query = '',
) {
  const app = new Hono()
  app.onError((error) => answerError(error, { route: '/metrics' }, pino({ level: 'silent' })))
  app.route('/', metricsRoutes({ token, contentType: 'text/plain; version=0.0.4', text: async () => TEXT }))
  const socket = { remoteAddress: from, remoteFamily: from.includes(':') ? 'IPv6' : 'IPv4' }
  const answer = await app.request(`/metrics${query}`, { headers }, { incoming: { socket, headers } })
  if (answer.status === 200) return answer.text()
  return ((await answer.json()) as Refusal).error.code
}

it.each([
  ['nothing', {}, 'token-missing'],
  ['another scheme', { authorization: `Basic ${TOKEN}` }, 'token-missing'],
  ['more than it', { authorization: `Bearer ${TOKEN}x` }, 'token-invalid'],
  ['its beginning', { authorization: `Bearer ${TOKEN.slice(0, -1)}` }, 'token-invalid'],
])('[OBS6] with METRICS_TOKEN %s is refused, from this machine too', async (_, headers, code) => {
  expect(await ask(TOKEN, '127.0.0.1', headers)).toBe(code)
})

it('[OBS6] with METRICS_TOKEN whoever sends it is answered, from anywhere, and not by an address', async () => {
  const authorization = `Bearer ${TOKEN}`
  expect(await ask(TOKEN, '203.0.113.7', { authorization, 'x-forwarded-for': '198.51.100.1' })).toBe(TEXT)
  expect(await ask(TOKEN, '127.0.0.1', {}, `?token=${TOKEN}`)).toBe('token-missing')
})

it.each(['127.0.0.1', '127.8.9.10', '::1', '::ffff:127.0.0.1'])(
  '[OBS6] without METRICS_TOKEN this machine (%s) is answered',
  async (from) => {
    expect(await ask(undefined, from)).toBe(TEXT)
  },
)

it.each(['10.0.0.7', '192.168.1.2', '203.0.113.7', '2001:db8::1', '::ffff:10.0.0.7', ''])(
  '[OBS6] without METRICS_TOKEN another machine (%s) is not, whatever it says',
  async (from) => {
    expect(await ask(undefined, from)).toBe('forbidden')
    expect(await ask(undefined, from, { 'x-forwarded-for': '127.0.0.1' })).toBe('forbidden')
    expect(await ask(undefined, from, { authorization: 'Bearer undefined' })).toBe('forbidden')
  },
)

it.each(['x-forwarded-for', 'forwarded', 'x-real-ip', 'via', 'x-forwarded-host'])(
  '[OBS6] without METRICS_TOKEN a proxy on this machine (%s) is not answered for others',
  async (header) => {
    expect(await ask(undefined, '127.0.0.1', { [header]: '127.0.0.1' })).toBe('forbidden')
  },
)

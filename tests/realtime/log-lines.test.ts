import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { RawClient } from '../support/raw-client.ts'
import { startServer, type TestServer, until } from '../support/server.ts'
import { SECRET, tokenOf } from '../support/tokens.ts'

let server: TestServer

beforeAll(async () => {
  server = await startServer({ env: { JWT_SECRET: SECRET } })
})
afterAll(() => server.dispose())

const FORGED = '{"level":60,"msg":"forged"}'
const BREAKS = ['\n', '\r', '\r\n', '\u2028', '\u0085', '"}\n', '\u001b[2K', '\u0000']

it('[HTTP23] writes one line of JSON for each event, whatever is in names, tokens, messages and headers', async () => {
  const texts = BREAKS.map((text) => `doc:x${text}${FORGED}`)
  for (const text of texts) {
    const client = await RawClient.open({ wsUrl: server.wsUrl, room: text, token: '' })
    onTestFinished(() => client.cut())
    client.authenticate(tokenOf(`ada${text}`))
    await until(() => client.refusal !== undefined)
    client.cut()
    const named = await RawClient.connect({
      wsUrl: server.wsUrl,
      room: 'doc:lines',
      token: tokenOf('ada', { grants: { [`doc:y${text}`]: 'write' } }),
    })
    onTestFinished(() => named.cut())
    expect(named.refusal).toBe('token-invalid')
    await fetch(`${server.url}/api/v1/rooms/${encodeURIComponent(text)}`, {
      headers: {
        authorization: `Bearer ${tokenOf('ada')}`,
        origin: 'https://evil.example',
        'user-agent': FORGED,
      },
    })
  }
  const lines = server.output().split('\n').filter(Boolean)
  expect(lines.length).toBeGreaterThan(texts.length)
  for (const line of lines) expect(JSON.parse(line)).not.toMatchObject({ msg: 'forged' })
})

it('[HTTP23] has a control: a line that was pasted together is seen', () => {
  const pasted = `{"level":30,"room":"doc:x\n${FORGED}\n"}`
  expect(() => pasted.split('\n').map((line) => JSON.parse(line))).toThrow()
})

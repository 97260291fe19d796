import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { Tokens } from '../../client/sdk/tokens.ts'

const HOUR = 3_600_000
/** By the server's clock. */
const NOW = Date.UTC(2030, 0, 1)

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** Since then, in ms. */
let passed = 0

/** Signed now, whatever the clock here says. */
const signed = (claims: (seconds: number) => object): string =>
  ['', Buffer.from(JSON.stringify(claims((NOW + passed) / 1_000))).toString('base64url'), ''].join('.')
const hour = () => signed((now) => ({ sub: 'ada', iat: now, exp: now + 3_600 }))
const silent = () => signed((now) => ({ sub: 'ada', exp: now + 3_600 }))

const pass = (ms: number): Promise<unknown> => {
  passed += ms
  return vi.advanceTimersByTimeAsync(ms)
}

function tokens(source: () => string): { readonly tokens: Tokens; readonly asked: readonly string[] } {
  const asked: string[] = []
  const made = new Tokens(
    ({ reason }) => {
      asked.push(reason)
      return source()
    },
    () => undefined,
  )
  onTestFinished(() => made.stop())
  return { tokens: made, asked }
}

describe.each([
  ['right', 0],
  ['ahead by more than a token lasts', 2 * HOUR],
  ['behind by more than a token lasts', -2 * HOUR],
])('a clock that is %s', (_, off) => {
  beforeEach(() => {
    passed = 0
    vi.setSystemTime(NOW + off)
  })

  it('[SDK8] makes no good token expired, and lets none grow old', async () => {
    const { tokens: mine, asked } = tokens(hour)
    const first = await mine.get()
    await pass(0.75 * HOUR)
    expect([await mine.get(), asked]).toEqual([first, ['join']])
    await pass(0.1 * HOUR)
    expect([(await mine.get()) === first, asked]).toEqual([false, ['join', 'expiring']])
  })

  it('[SDK8] gives the server that asks for a newer token one, and the one that came meanwhile to all who ask', async () => {
    const { tokens: mine, asked } = tokens(hour)
    const first = await mine.get()
    await pass(1_000)
    const [second, same] = await Promise.all([mine.newer(first), mine.newer(first)])
    expect(second).not.toBe(first)
    expect([same, await mine.newer(first)]).toEqual([second, second])
    expect(asked).toEqual(['join', 'expiring'])
  })

  it('[SDK8] does not ask again and again for a token that does not say when it was signed', async () => {
    const { tokens: mine, asked } = tokens(silent)
    await mine.get()
    await pass(0.5 * HOUR)
    await mine.get()
    expect(asked).toEqual(['join'])
  })
})

import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it, onTestFinished } from 'vitest'
import { recordedBuild } from '../../server/commands/recorded-build.ts'
import { replayBuild } from '../../server/commands/replay-build.ts'
import { startServer } from '../support/server.ts'

const SYNCLINE = fileURLToPath(new URL('../../server/syncline.ts', import.meta.url))
const FORGETFUL = fileURLToPath(new URL('../channels/forgetful-events.ts', import.meta.url))

async function server(entry?: string) {
  const started = await startServer(entry === undefined ? {} : { entry })
  onTestFinished(() => started.dispose())
  return started
}

it('[EVT68] publishes a build while its reader drops and returns, and the server is killed', async () => {
  const { url, kill9, restart } = await server()
  let killed: Promise<void> | undefined
  const result = await replayBuild({
    lines: 8_000,
    url,
    onProgress: ({ seen, total }) => {
      if (seen > total / 2) killed ??= kill9().then(restart)
    },
  })
  expect(killed).toBeDefined()
  expect(result).toMatchObject({ ok: true, fault: undefined, drops: 10, events: recordedBuild(8_000).length })
}, 60_000)

it('[EVT68] negative control: it says so where what was missed is not told', async () => {
  const { url } = await server(FORGETFUL)
  const result = await replayBuild({ lines: 4_000, url })
  expect(result.ok).toBe(false)
  expect(result.fault).toMatch(/^the reader saw/)
}, 60_000)

it('[EVT68] says by its exit code whether all was seen', async () => {
  const run = (url: string, ...args: string[]) =>
    promisify(execFile)(process.execPath, [SYNCLINE, 'replay', '--url', url, ...args]).then(
      ({ stdout }) => ({ code: 0, stdout }),
      ({ code, stdout }: { code: number; stdout: string }) => ({ code, stdout }),
    )
  const { url } = await server()
  const good = await run(url, '--build', '1000')
  expect(good.stdout).toContain('seen once, in order and whole')
  expect(good.code).toBe(0)
  expect((await run((await server(FORGETFUL)).url, '--build', '4000')).code).toBe(1)
}, 120_000)

it('[EVT68] makes every line of a build once, in order', () => {
  const numbers: number[] = []
  for (const { type, payload } of recordedBuild(5_000)) {
    if (type !== 'build.log') continue
    const { first, lines } = payload as { first: number; lines: string[] }
    numbers.push(...lines.map((_, index) => first + index))
  }
  expect(numbers).toEqual(Array.from({ length: 5_000 }, (_, index) => index + 1))
})

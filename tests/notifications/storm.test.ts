import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it, onTestFinished } from 'vitest'
import { startServer, until } from '../support/server.ts'
import { SECRET, tokenOf } from '../support/tokens.ts'
import { type Mortal, type StormOptions, storm } from './storm.ts'

const INTERRUPTED = fileURLToPath(new URL('./interrupted-notifier.ts', import.meta.url))
const SMALL: StormOptions = { people: 60, builds: 2, kills: 1, readers: 5, withinMs: 60_000 }

/** Killed when half of the people have been told of a build and the last of them has not. */
async function startMortal(env: Readonly<Record<string, string>> = {}): Promise<Mortal> {
  const folder = await mkdtemp(join(tmpdir(), 'syncline-test-'))
  const stopped = join(folder, 'stopped')
  const server = await startServer({
    entry: INTERRUPTED,
    env: {
      JWT_SECRET: SECRET,
      MAX_REQUESTS_PER_ADDRESS: '1000000',
      STOP_AT: 'p00059',
      STOPPED: stopped,
      ...env,
    },
  })
  onTestFinished(async () => {
    await server.dispose()
    await rm(folder, { recursive: true })
  })
  return {
    url: () => server.url,
    wsUrl: () => server.wsUrl,
    token: async (user, grants) => tokenOf(user, { grants }),
    kill: async () => {
      // Not before: the next one would stop there instead, and nobody would kill it.
      await until(() => existsSync(stopped))
      await server.kill9()
      await server.restart()
    },
  }
}

it('[NOTE16] everybody is told of everything once, also where the server is killed in the middle of it', async () => {
  const { faults, notifications } = await storm(await startMortal(), SMALL)
  expect(faults).toEqual([])
  expect(notifications).toBe(180)
}, 120_000)

it('[NOTE16] negative control: a server that calls notifications anew each time is caught', async () => {
  const { faults } = await storm(await startMortal({ FORGETFUL: 'yes' }), { ...SMALL, readers: 1 })
  expect(faults.map(({ kind }) => kind)).toContain('twice')
}, 120_000)

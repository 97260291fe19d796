import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startServer, type TestServer, until } from '../support/server.ts'
import { Typist } from './typist.ts'

const file = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

const EVERY_MS = 20
const SIEGE_MS = 8_000
const MIB = 1024 * 1024

let server: TestServer

beforeAll(async () => {
  // Let in again and again, or six attacks would be all.
  server = await startServer({
    entry: file('measured-server.ts'),
    env: { MAX_FAULTS_PER_MINUTE: '1000000' },
  })
})
afterAll(() => server.dispose())

const after = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** What the server holds after a full garbage collection, in bytes. */
async function memory(): Promise<number> {
  const answers = () => [...server.output().matchAll(/^memory (\d+)$/gm)]
  const before = answers().length
  process.kill(Number(/"pid":(\d+)/.exec(server.output())?.[1]), 'SIGUSR2')
  await until(() => answers().length > before)
  return Number(answers().at(-1)?.[1])
}

async function besieged(room: string, ms: number): Promise<number> {
  const env = { ...process.env, WS_URL: server.wsUrl, ROOM: room, TOKEN: await server.token('mallory') }
  const siege = spawn(process.execPath, [file('siege.ts')], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  await once(siege.stdout, 'data')
  await after(ms)
  const said = once(siege.stdout, 'data')
  siege.kill('SIGTERM')
  return Number(String((await said)[0]))
}

it('[HOS4] under the corpus nobody honest is shut out or left unsaved, and memory grows by less than 64 MB', async () => {
  const room = 'doc:siege'
  const typists = await Promise.all([
    Typist.sit(server, 'doc:elsewhere', await server.token('ada')),
    Typist.sit(server, room, await server.token('bob')),
  ])
  for (const typist of typists) typist.type(EVERY_MS)
  await after(1_000)
  const memoryBefore = await memory()
  const attacks = await besieged(room, SIEGE_MS)
  for (const typist of typists) typist.stop()
  await until(() => typists.every(({ saved, typed }) => saved === typed))
  expect(typists.map(({ shutOut }) => shutOut)).toEqual([false, false])
  expect(attacks).toBeGreaterThan(20)
  expect((await memory()) - memoryBefore).toBeLessThan(64 * MIB)
  for (const typist of typists) typist.leave()
}, 60_000)

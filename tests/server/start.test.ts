import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect, it, onTestFinished } from 'vitest'
import { freshDatabase } from '../support/database.ts'
import { startServer } from '../support/server.ts'
import { SECRET } from '../support/tokens.ts'

const MAIN = fileURLToPath(new URL('../../server/main.ts', import.meta.url))

/** Starts a server that is expected to give up, and returns how it did. */
async function failToStart(env: Readonly<Record<string, string>>) {
  const child = spawn(process.execPath, [MAIN], {
    env: { ...process.env, STUDIO: 'off', LOG_LEVEL: 'error', ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let errors = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text
  })
  const [code] = await once(child, 'close')
  return { code, errors, lines: errors.trimEnd().split('\n') }
}

it('[CFG1] names every wrong key at once and exits with 78', async () => {
  const { code, errors } = await failToStart({
    PORT: 'http',
    JWT_SECRET: 'short',
    LOG_LEVEL: 'loud',
    DATABASE_URL: 'mysql://there',
    MAX_QUEUE_BYTES: '1',
  })
  expect(code).toBe(78)
  for (const key of ['PORT', 'JWT_SECRET', 'LOG_LEVEL', 'DATABASE_URL', 'MAX_QUEUE_BYTES']) {
    expect(errors).toContain(key)
  }
  expect(errors).not.toContain('short')
  expect(errors).not.toContain('    at ')
})

it('[CFG3] refuses to be reachable by others in development mode', async () => {
  const { code, errors } = await failToStart({ HOST: '0.0.0.0' })
  expect(code).toBe(78)
  expect(errors).toContain('JWT_SECRET')
})

it('[CFG4] says in one line that the database cannot be reached', async () => {
  const { code, lines } = await failToStart({ DATABASE_URL: 'postgres://user:hidden@127.0.0.1:1/none' })
  expect(code).toBe(69)
  expect(lines).toHaveLength(1)
  expect(lines[0]).toMatch(/^syncline: The database at 127\.0\.0\.1:1\/none cannot be reached/)
  expect(lines[0]).not.toContain('hidden')
})

it.each(['192.0.2.1', 'nowhere.invalid'])(
  '[CFG4] says in one line that %s is not where it can be reached',
  async (HOST) => {
    const database = await freshDatabase()
    const { code, lines } = await failToStart({
      HOST,
      JWT_SECRET: SECRET,
      DATABASE_URL: database.storage.url,
    })
    await database.drop()
    expect(code).toBe(69)
    expect(lines).toEqual([`syncline: HOST ${HOST} is no address of this machine`])
  },
)

it('[CFG4] says in one line that the port is taken, and leaves the one who has it alone', async () => {
  const server = await startServer()
  onTestFinished(() => server.dispose())
  const database = await freshDatabase()
  const { port } = new URL(server.url)
  const { code, lines } = await failToStart({ PORT: port, DATABASE_URL: database.storage.url })
  await database.drop()
  expect(code).toBe(69)
  expect(lines).toEqual([`syncline: port ${port} is taken; set PORT to another`])
  expect((await fetch(`${server.url}/health/ready`)).status).toBe(200)
})

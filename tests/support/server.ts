import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Grants } from '../../server/protocol.ts'
import { freePort } from '../../tools/free-port.ts'
import { freshDatabase } from './database.ts'

const MAIN = fileURLToPath(new URL('../../server/main.ts', import.meta.url))

export interface TestServer {
  readonly url: string
  readonly wsUrl: string
  readonly databaseUrl: string
  /** What the process has written so far, both streams. */
  output(): string
  token(id: string, grants?: Grants): Promise<string>
  kill9(): Promise<void>
  /** Starts it again on the same port and the same data. */
  restart(): Promise<void>
  /** Stops it with SIGTERM; resolves with its exit code. */
  stop(): Promise<number | null>
  /** Stops it if it runs, and drops its database. */
  dispose(): Promise<void>
}

export interface TestServerOptions {
  /** What is run instead of server/main.ts: for negative controls. */
  readonly entry?: string
  readonly env?: Readonly<Record<string, string>>
  /** Serve the studio as it was built last. */
  readonly studio?: boolean
}

/** A server in a process of its own, in development mode, on a database of its own. */
export async function startServer(options: TestServerOptions = {}): Promise<TestServer> {
  const database = await freshDatabase()
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  let output = ''
  let child: ChildProcess | undefined

  const start = async () => {
    const env = {
      ...process.env,
      // As people start it: the studio that it builds is not one for finding mistakes in.
      NODE_ENV: undefined,
      DATABASE_URL: database.storage.url,
      PORT: String(port),
      STUDIO: options.studio ? 'on' : 'off',
      LOG_LEVEL: 'info',
      ...options.env,
    }
    const started = spawn(process.execPath, [options.entry ?? MAIN], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    child = started
    for (const stream of [started.stdout, started.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        output += text
      })
    }
    await until(async () => {
      if (started.exitCode !== null) throw new Error(`the server ended with ${started.exitCode}:\n${output}`)
      return fetch(`${url}/health/live`).then(
        (response) => response.ok,
        () => false,
      )
    }, 60_000)
  }
  const end = async (signal: NodeJS.Signals) => {
    const running = child
    child = undefined
    if (running === undefined || running.exitCode !== null) return running?.exitCode ?? null
    const exited = once(running, 'exit')
    running.kill(signal)
    const [code] = await exited
    return typeof code === 'number' ? code : null
  }

  await start()
  return {
    url,
    wsUrl: `${url.replace('http', 'ws')}/sync`,
    databaseUrl: database.storage.url,
    output: () => output,
    token: async (id, grants) => {
      const response = await fetch(`${url}/api/v1/dev/token`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ user: { id, name: id }, grants }),
      })
      const body: unknown = await response.json()
      if (typeof body === 'object' && body !== null && 'token' in body) return String(body.token)
      throw new Error(`no token: ${JSON.stringify(body)}`)
    },
    kill9: async () => {
      await end('SIGKILL')
    },
    restart: start,
    stop: () => end('SIGTERM'),
    dispose: async () => {
      await end('SIGKILL')
      await database.drop()
    },
  }
}

/** Ends a wait that is hopeless, on a machine that is busy with other tests; in ms. A promised time is given instead. */
const HOPELESS = 20_000

/** Asks again and again, a few times a second, until the answer is yes. */
export async function until(condition: () => boolean | Promise<boolean>, withinMs = HOPELESS): Promise<void> {
  const deadline = Date.now() + withinMs
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`not within ${withinMs} ms: ${condition}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

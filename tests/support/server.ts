import type { Grants } from '../../server/protocol.ts'
import { freshDatabase } from './database.ts'
import { ServerProcess } from './server-process.ts'

export { until } from './server-process.ts'

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
  const server = await ServerProcess.start({
    entry: options.entry,
    env: () => ({
      DATABASE_URL: database.storage.url,
      STUDIO: options.studio ? 'on' : 'off',
      LOG_LEVEL: 'info',
      ...options.env,
    }),
  })
  const { url } = server
  return {
    url,
    wsUrl: `${url.replace('http', 'ws')}/sync`,
    databaseUrl: database.storage.url,
    output: () => server.output,
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
      await server.end('SIGKILL')
    },
    restart: () => server.start(),
    stop: () => server.end('SIGTERM'),
    dispose: async () => {
      await server.end('SIGKILL')
      await database.drop()
    },
  }
}

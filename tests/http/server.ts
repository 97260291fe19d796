import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { createAuditLog } from '../../server/access/audit.ts'
import { Authorizer } from '../../server/access/authorizer.ts'
import { Revocations } from '../../server/access/revocations.ts'
import { signToken } from '../../server/access/token.ts'
import { createVerifier } from '../../server/access/verifier.ts'
import type { TokenKey } from '../../server/config.ts'
import { Cursors } from '../../server/http/cursors.ts'
import { createHttp, type HttpOptions } from '../../server/http/http.ts'
import { RequestLimit } from '../../server/http/request-limit.ts'
import { createRoomDirectory } from '../../server/log/directory.ts'
import type { Grants } from '../../server/protocol.ts'
import { type Database, openDatabase } from '../../server/storage/database.ts'
import { Pulse } from '../../server/storage/pulse.ts'
import { type FreshDatabase, freshDatabase } from '../support/database.ts'

export const SECRET = 'tests only: 0123456789abcdefghijklmnop'
const SECRET_KEY: TokenKey = { mode: 'secret', secret: SECRET }
export const DEVELOPMENT_KEY: TokenKey = { mode: 'development', secret: SECRET }

interface TestOptions extends Partial<HttpOptions> {
  readonly tokens?: TokenKey
}

/** The HTTP part alone, listening on a port of its own, with a real database and a small studio. */
export class TestServer {
  readonly url: string
  readonly port: number
  readonly database: Database
  /** As its lists seal theirs. */
  readonly cursors: Cursors
  /** What was logged, one object a line. */
  readonly logged: Record<string, unknown>[]
  readonly close: () => Promise<void>

  private constructor(parts: Pick<TestServer, 'port' | 'database' | 'cursors' | 'logged' | 'close'>) {
    this.port = parts.port
    this.url = `http://127.0.0.1:${parts.port}`
    this.database = parts.database
    this.cursors = parts.cursors
    this.logged = parts.logged
    this.close = parts.close
  }

  static async start({ tokens = SECRET_KEY, ...options }: TestOptions = {}): Promise<TestServer> {
    const fresh: FreshDatabase = await freshDatabase()
    const logged: Record<string, unknown>[] = []
    const logger = pino({ level: 'info' }, { write: (line: string) => void logged.push(JSON.parse(line)) })
    const database = await openDatabase(fresh.storage, pino({ level: 'silent' }))
    const studioDir = await writeStudio()
    const revocations = new Revocations(database.pool)
    const pulse = new Pulse(database.pool, logger, 400)
    await revocations.start(pulse)
    const cursors = await Cursors.of(database.pool)
    const verifyToken = createVerifier(tokens, {}, logger)
    const http = createHttp({
      revocations,
      audit: createAuditLog(database.pool),
      requestLimit: new RequestLimit(100_000),
      addressOf: () => 'here',
      rooms: createRoomDirectory(database.pool),
      cursors,
      readiness: () => ({ ready: true, problems: [], degraded: [] }),
      verify: async (token) => {
        const identity = await verifyToken(token)
        revocations.check(identity)
        return identity
      },
      authorizer: new Authorizer({}),
      developmentSecret: tokens.mode === 'development' ? tokens.secret : undefined,
      allowedOrigins: ['https://app.example'],
      studioDir,
      version: '1.2.3',
      logger,
      ...options,
    })
    const server = createServer(http.listener)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('not listening on a port')
    const close = async () => {
      await pulse.stop()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await database.close()
      await fresh.drop()
      await rm(studioDir, { recursive: true })
    }
    return new TestServer({ port: address.port, database, cursors, logged, close })
  }

  get(path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(`${this.url}${path}`, init)
  }

  /** As somebody with these grants. */
  as(grants: Grants, path: string): Promise<Response> {
    const token = signToken(SECRET, { user: { id: 'ada' }, grants })
    return this.get(path, { headers: { authorization: `Bearer ${token}` } })
  }

  post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
    return this.get(path, {
      method: 'POST',
      body: typeof body === 'string' ? body : JSON.stringify(body),
      headers: { 'content-type': 'application/json', ...headers },
    })
  }

  async room(name: string, changedAt = new Date()): Promise<void> {
    await this.database.pool.query(
      `insert into rooms (name, kind, created_by, changed_at, title, editor, head)
       values ($1, split_part($1, ':', 1), 'ada', $2, 'A title', 'code', 7)`,
      [name, changedAt],
    )
  }
}

/** What a refusal says, once it is sure that it looks like every other. */
export async function refusalOf(
  response: Response,
): Promise<{ code: string; message: string; status: number }> {
  const body = (await response.json()) as { error: { code: string; message: string; retryable: boolean } }
  if (Object.keys(body.error).join() !== 'code,message,retryable') throw new Error(JSON.stringify(body))
  return { code: body.error.code, message: body.error.message, status: response.status }
}

async function writeStudio(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'syncline-studio-'))
  await mkdir(join(dir, 'assets'))
  await writeFile(join(dir, 'index.html'), '<!doctype html><title>Studio</title>')
  await writeFile(join(dir, 'assets', 'main-4f3a.js'), 'export {}')
  await writeFile(join(dir, 'mark.svg'), '<svg/>')
  return dir
}

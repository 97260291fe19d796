import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import type { NetConnectOpts } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { pino } from 'pino'
import { startEmbedded } from '../../server/storage/embedded.ts'

const run = promisify(execFile)

/** A segment of the write-ahead log: with a lower limit on files nothing at all could be written. */
const WAL_SEGMENT = 16 * 1024 * 1024
/** Lets the log's table grow beyond that, by rows that stay in it, too small to be kept elsewhere. */
const FILLER = `begin; insert into room_updates (room_id, seq, at, actor, bytes)
  select (select min(id) from rooms), 1000000000 + n, now(), 'filler', decode(repeat('00', 1700), 'hex')
  from generate_series(1, 10000) as n; rollback`

/** A Postgres of its own, which can be killed, halted and filled up. After a kill it comes back by itself. */
export class OwnPostgres {
  readonly url: string
  readonly #folder: string
  readonly #close: () => Promise<void>

  private constructor(url: string, folder: string, close: () => Promise<void>) {
    this.url = url
    this.#folder = folder
    this.#close = close
  }

  static async start(): Promise<OwnPostgres> {
    const folder = await mkdtemp(join(tmpdir(), 'syncline-failures-'))
    const server = await startEmbedded(folder, pino({ level: 'silent' }))
    return new OwnPostgres(server.url, folder, async () => {
      await server.close()
      await rm(folder, { recursive: true, force: true })
    })
  }

  get target(): NetConnectOpts {
    const { searchParams, port } = new URL(this.url)
    return { path: `${searchParams.get('host')}/.s.PGSQL.${port || 5432}` }
  }

  /** Its address behind a proxy. */
  through(port: number): string {
    const url = new URL(this.url)
    url.search = ''
    url.hostname = '127.0.0.1'
    url.port = String(port)
    return url.href
  }

  async kill9(): Promise<void> {
    process.kill(await this.#postmaster(), 'SIGKILL')
  }

  /** All its processes: connections stay open, and nothing is answered. */
  async halt(): Promise<void> {
    // First the one that makes others.
    signal(String(await this.#postmaster()), 'SIGSTOP')
    for (const pid of await this.#processes()) signal(pid, 'SIGSTOP')
  }

  async resume(): Promise<void> {
    for (const pid of await this.#processes()) signal(pid, 'SIGCONT')
  }

  /** The log's table cannot grow any more, as on a full disk; what is there is read as ever. */
  async fill(): Promise<void> {
    await this.query('alter table room_updates set (autovacuum_enabled = off)')
    await this.query(FILLER)
    await this.#limit(String(WAL_SEGMENT))
    const full = await this.query(FILLER).then(
      () => false,
      (error: unknown) => error instanceof Error && error.message.includes('File too large'),
    )
    if (!full) throw new Error('the disk is not full')
  }

  async empty(): Promise<void> {
    await this.#limit('unlimited')
  }

  async query(text: string): Promise<void> {
    const client = new pg.Client({ connectionString: this.url })
    await client.connect()
    try {
      await client.query(text)
    } finally {
      await client.end()
    }
  }

  close(): Promise<void> {
    return this.#close()
  }

  async #limit(bytes: string): Promise<void> {
    for (const pid of await this.#processes())
      await run('prlimit', ['--pid', pid, `--fsize=${bytes}:`]).catch((error: unknown) => {
        if (signal(pid, 0)) throw error
      })
  }

  async #postmaster(): Promise<number> {
    const [pid] = (await readFile(join(this.#folder, 'postgres', 'postmaster.pid'), 'utf8')).split('\n')
    return Number(pid)
  }

  async #processes(): Promise<readonly string[]> {
    const pid = await this.#postmaster()
    const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')
    return [String(pid), ...children.split(' ').filter((child) => child !== '')]
  }
}

/** False where the process has ended since it was listed. */
function signal(pid: string, name: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(Number(pid), name)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false
    throw error
  }
}

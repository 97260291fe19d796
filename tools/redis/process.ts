import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { createInterface } from 'node:readline'
import { endOf } from '../ended.ts'
import { freePort } from '../free-port.ts'
import type { RedisBinary } from './binary.ts'

/** What Redis says, among others, where a port is another's. */
const TAKEN = 'Failed listening on port'
const ATTEMPTS = 5

/** A Redis of its own on loopback, which keeps nothing on disk: after `kill9` it comes back empty. */
export class RedisProcess {
  readonly url: string
  readonly port: number
  readonly #binary: RedisBinary & { kind: 'found' }
  readonly #settings: readonly string[]
  #child: ChildProcess | undefined

  private constructor(binary: RedisBinary & { kind: 'found' }, port: number, settings: readonly string[]) {
    this.#binary = binary
    this.#settings = settings
    this.port = port
    this.url = `redis://127.0.0.1:${port}`
  }

  /**
   * On a port that is free: another where somebody takes it, or that of a cluster's bus beside it, before this one does.
   * @param settings as on its command line
   * @throws Error saying why, where no Redis can be run here
   */
  static async start(
    binary: RedisBinary,
    settings: readonly string[] = [],
    nextPort: () => Promise<number> = freePort,
  ): Promise<RedisProcess> {
    if (binary.kind === 'absent') throw new Error(`no Redis can be run here: ${binary.reason}`)
    for (let attempt = 1; ; attempt++) {
      const redis = new RedisProcess(binary, await nextPort(), settings)
      try {
        await redis.restart()
        return redis
      } catch (error) {
        if (attempt === ATTEMPTS || !(error instanceof Error && error.message.includes(TAKEN))) throw error
      }
    }
  }

  /** Several at once; where one of them does not start, the others are ended. */
  static async startAll(starts: readonly Promise<RedisProcess>[]): Promise<RedisProcess[]> {
    const settled = await Promise.allSettled(starts)
    const failed = settled.find((one) => one.status === 'rejected')
    const started = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
    if (failed === undefined) return started
    await Promise.all(started.map((one) => one.dispose()))
    throw failed.reason
  }

  /** Starts it again on the same port, empty; ends it first where it still runs. */
  async restart(): Promise<void> {
    await this.kill9()
    const { command, env } = this.#binary
    const args = ['--port', String(this.port), '--bind', '127.0.0.1', '--dir', tmpdir()]
    const child = spawn(command, [...args, '--save', '', '--appendonly', 'no', ...this.#settings], {
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
      // A session of its own: Ctrl-C in a terminal goes to all of a group, and who uses it stops first.
      detached: true,
    })
    this.#child = child
    await ready(child)
  }

  /** Of the process; undefined where none runs. */
  get pid(): number | undefined {
    return this.#child?.pid
  }

  async kill9(): Promise<void> {
    await this.#end('SIGKILL')
  }

  /** Halts it: connections stay open and nothing is answered. */
  pause(): void {
    this.#child?.kill('SIGSTOP')
  }

  resume(): void {
    this.#child?.kill('SIGCONT')
  }

  /** Ends it as an operator does. */
  async stop(): Promise<void> {
    await this.#end('SIGTERM')
  }

  async dispose(): Promise<void> {
    await this.kill9()
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child
    this.#child = undefined
    if (child === undefined || endOf(child) !== undefined) return
    const exited = once(child, 'exit')
    child.kill(signal)
    await exited
  }
}

/** Resolves when the server says that it takes connections. */
async function ready(child: ChildProcess): Promise<void> {
  const said: string[] = []
  const { stdout } = child
  if (stdout === null) throw new Error('its output is not piped')
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`Redis ended with ${code}:\n${said.join('\n')}`)))
    // Read to the end of its life, or it would stop at a full pipe.
    createInterface(stdout).on('line', (line) => {
      if (said.length < 100) said.push(line)
      if (line.includes('Ready to accept connections')) resolve()
    })
  })
}

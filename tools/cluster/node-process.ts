import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { endOf } from '../ended.ts'
import { freePort } from '../free-port.ts'
import { NODE_FLAGS } from '../node-flags.ts'

const MAIN = fileURLToPath(new URL('../../server/main.ts', import.meta.url))
const LOOK_EVERY_MS = 20

export interface NodeProcessOptions {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Is told each line that it writes. */
  readonly log: (line: string) => void
}

/** One server of a cluster, in a process of its own on loopback. */
export class NodeProcess {
  readonly url: string
  readonly #port: number
  readonly #options: NodeProcessOptions
  #child: ChildProcess | undefined

  private constructor(options: NodeProcessOptions, port: number) {
    this.#options = options
    this.#port = port
    this.url = `http://127.0.0.1:${port}`
  }

  /** Resolves when it takes connections. */
  static async start(options: NodeProcessOptions): Promise<NodeProcess> {
    const node = new NodeProcess(options, await freePort())
    await node.start()
    return node
  }

  /** Starts it again on the same port, after `stop` or `kill9`. */
  async start(): Promise<void> {
    const { env, log } = this.#options
    const child = spawn(process.execPath, [...NODE_FLAGS, MAIN], {
      env: { ...process.env, ...env, HOST: '127.0.0.1', PORT: String(this.#port) },
      stdio: ['ignore', 'pipe', 'pipe'],
      // A session of its own: Ctrl-C in a terminal goes to all of a group, and these are stopped in order.
      detached: true,
    })
    this.#child = child
    for (const stream of [child.stdout, child.stderr]) createInterface(stream).on('line', log)
    const ended = once(child, 'exit').then(([code]) => {
      throw new Error(`a node ended with ${code}`)
    })
    await Promise.race([this.#answers(), ended])
    ended.catch(() => undefined) // from here on it is its owner who ends it
  }

  async #answers(): Promise<void> {
    while (this.#child !== undefined && endOf(this.#child) === undefined) {
      const live = await fetch(`${this.url}/health/live`).catch(() => undefined)
      await live?.body?.cancel()
      if (live?.ok) return
      await delay(LOOK_EVERY_MS)
    }
  }

  /** As a deploy does it; resolves with its exit code, which is 0 where everything was saved. */
  stop(): Promise<number | null> {
    return this.#end('SIGTERM')
  }

  async kill9(): Promise<void> {
    await this.#end('SIGKILL')
  }

  async #end(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#child
    this.#child = undefined
    if (child === undefined || endOf(child) !== undefined) return null
    const exited = once(child, 'exit')
    child.kill(signal)
    const [code] = await exited
    return typeof code === 'number' ? code : null
  }
}

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { endOf } from '../../tools/ended.ts'
import { freePort } from '../../tools/free-port.ts'
import { NODE_FLAGS } from '../../tools/node-flags.ts'

const MAIN = fileURLToPath(new URL('../../server/main.ts', import.meta.url))

export interface ServerProcessOptions {
  /** What is run instead of server/main.ts: for negative controls. */
  readonly entry?: string | undefined
  /** What is loaded before it. */
  readonly preload?: readonly string[] | undefined
  /** Asked at each start: a test may have changed it. */
  readonly env: () => Readonly<Record<string, string | undefined>>
}

/** A server in a process of its own, which can end and come back on the same port. */
export class ServerProcess {
  readonly url: string
  readonly port: number
  readonly #options: ServerProcessOptions
  #child: ChildProcess | undefined
  #output = ''

  private constructor(port: number, options: ServerProcessOptions) {
    this.port = port
    this.url = `http://127.0.0.1:${port}`
    this.#options = options
  }

  static async start(options: ServerProcessOptions): Promise<ServerProcess> {
    const server = new ServerProcess(await freePort(), options)
    await server.start()
    return server
  }

  /** What it has written so far, both streams. */
  get output(): string {
    return this.#output
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  async start(): Promise<void> {
    const { entry = MAIN, preload = [], env } = this.#options
    const imports = preload.flatMap((path) => ['--import', path])
    const started = spawn(process.execPath, [...NODE_FLAGS, ...imports, entry], {
      // As people start it: the studio that it builds is not one for finding mistakes in.
      env: { ...process.env, NODE_ENV: undefined, PORT: String(this.port), ...env() },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#child = started
    for (const stream of [started.stdout, started.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output += text
      })
    }
    await until(async () => {
      const ended = endOf(started)
      if (ended !== undefined) throw new Error(`the server ended with ${ended}:\n${this.#output}`)
      return fetch(`${this.url}/health/live`).then(
        (response) => response.ok,
        () => false,
      )
    }, 60_000)
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal)
  }

  /** Resolves with its exit code, once it has ended. */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    const running = this.#child
    this.#child = undefined
    if (running === undefined || endOf(running) !== undefined) return running?.exitCode ?? null
    const exited = once(running, 'exit')
    running.kill(signal)
    const [code] = await exited
    return typeof code === 'number' ? code : null
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

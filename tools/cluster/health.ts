import { setTimeout as delay } from 'node:timers/promises'

const ASK_EVERY_MS = 250
const ANSWER_WITHIN_MS = 2_000

/** Which servers say that they can work, asked again and again. */
export class Health {
  readonly #ready = new Map<string, boolean>()
  readonly #closing = new AbortController()
  #watches: Promise<unknown> = Promise.resolve()

  /** Resolves when each was asked once. */
  static async of(servers: readonly string[]): Promise<Health> {
    const health = new Health()
    await Promise.all(servers.map((server) => health.#ask(server)))
    health.#watches = Promise.all(servers.map((server) => health.#watch(server)))
    return health
  }

  get ready(): readonly string[] {
    return [...this.#ready].filter(([, ready]) => ready).map(([server]) => server)
  }

  /** It did not take a connection; it is not asked for another before it has answered. */
  failed(server: string): void {
    this.#ready.set(server, false)
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await this.#watches
  }

  async #watch(server: string): Promise<void> {
    const { signal } = this.#closing
    while (!signal.aborted) {
      await delay(ASK_EVERY_MS, undefined, { signal }).catch(() => undefined)
      await this.#ask(server)
    }
  }

  async #ask(server: string): Promise<void> {
    const signal = AbortSignal.any([this.#closing.signal, AbortSignal.timeout(ANSWER_WITHIN_MS)])
    const ready = await fetch(`${server}/health/ready`, { signal }).then(
      async (answer) => {
        await answer.body?.cancel()
        return answer.ok
      },
      () => false,
    )
    this.#ready.set(server, ready)
  }
}

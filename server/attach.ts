import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { assemble, type Publish } from './app.ts'
import { type Config, ConfigError } from './config.ts'
import type { Health } from './http/health.ts'
import type { Logger } from './observe/log.ts'
import { API_PREFIX, SYNC_PATH } from './protocol.ts'
import type { EmbedOptions } from './webhooks/hooks.ts'

export interface Attached {
  readonly publish: Publish
  /**
   * What docs/METRICS.md lists, as `text/plain; version=0.0.4`, for the application's own address of metrics: none is answered for
   * it, since who may ask there is the application's to say.
   */
  metrics(): Promise<string>
  /**
   * Whether edits can be taken and saved, and if not, why: what a server of its own answers at `/health/ready`, for the
   * application's own address of health. That the process lives is whatever the application answers at all.
   */
  health(): Health
  /**
   * Closes Syncline's WebSockets and requests, commits what was taken and gives the server back; false where something could not be
   * committed. Call it before the server's own `close`.
   */
  close(): Promise<boolean>
}

type Listener<Asked extends unknown[]> = (...asked: Asked) => void

const OURS = [API_PREFIX, SYNC_PATH]

const isOurs = ({ url = '' }: IncomingMessage): boolean => {
  const path = url.split('?', 1)[0] ?? ''
  return OURS.some((prefix) => path === prefix || path.startsWith(`${prefix}/`))
}

/**
 * Lets a server that an application has already answer `/api/v1` and `/sync` too; every other request and upgrade
 * goes where it went before. Attach it when the server has its own listeners, before it listens.
 *
 * @throws ConfigError without a key for tokens: development mode signs tokens for whoever can reach it, and only the
 * application knows who can; StorageError where the database cannot be reached or used
 */
export async function attachSyncline(
  server: Server,
  config: Config,
  logger: Logger,
  embedded: EmbedOptions = {},
): Promise<Attached> {
  if (config.tokens.mode === 'development')
    throw new ConfigError(['JWT_SECRET, JWT_PUBLIC_KEY or JWKS_URL must be set in a server of your own'])
  const parts = await assemble(config, logger, embedded)
  const { listener, gateway } = parts
  const answering = new Set<ServerResponse>()
  const requests = new Takeover(server, 'request', (asked: IncomingMessage, response: ServerResponse) => {
    if (!isOurs(asked)) return requests.pass(asked, response)
    answering.add(response)
    response.once('close', () => answering.delete(response))
    listener(asked, response)
  })
  const upgrades = new Takeover(server, 'upgrade', (asked: IncomingMessage, socket: Duplex, head: Buffer) => {
    // Where nobody else listens, nobody else would ever answer.
    if (isOurs(asked) || upgrades.alone) gateway.upgrade(asked, socket, head)
    else upgrades.pass(asked, socket, head)
  })
  parts.start()
  return {
    publish: parts.publish,
    metrics: () => parts.metrics(),
    health: () => parts.health(),
    close: async () => {
      await parts.drain()
      const unsaved = await parts.stop()
      requests.end()
      upgrades.end()
      // What goes on for ever would keep the application's server from closing.
      for (const response of answering) response.destroy()
      await parts.end()
      return unsaved.length === 0
    },
  }
}

/** Puts a listener in the place of those that a server has, which it passes on what is theirs. */
class Takeover<Asked extends unknown[]> {
  readonly #server: Server
  readonly #event: string
  readonly #theirs: readonly Listener<Asked>[]
  readonly #ours: Listener<Asked>

  constructor(server: Server, event: 'request' | 'upgrade', ours: Listener<Asked>) {
    this.#server = server
    this.#event = event
    this.#theirs = server.listeners(event) as Listener<Asked>[]
    this.#ours = ours
    server.removeAllListeners(event)
    server.on(event, this.#ours)
  }

  get alone(): boolean {
    return this.#theirs.length === 0 && this.#server.listenerCount(this.#event) === 1
  }

  pass(...asked: Asked): void {
    for (const listener of this.#theirs) listener.apply(this.#server, asked)
  }

  end(): void {
    this.#server.off(this.#event, this.#ours)
    for (const listener of this.#theirs) this.#server.on(this.#event, listener)
  }
}

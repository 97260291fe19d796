import { createServer, type Server } from 'node:http'
import { assemble, type Publish } from './app.ts'
import type { Config } from './config.ts'
import type { Unsaved } from './log/held-rooms.ts'
import type { Logger } from './observe/log.ts'
import type { EmbedOptions } from './webhooks/hooks.ts'
import { within } from './within.ts'

/** How long requests that are ended by a stop may take to hear of it, in ms. */
const LAST_WORDS = 1_000

/** How long what is cut may take to be gone, in ms: longer than a WebSocket whose client does not answer that it is being closed. */
const GONE = 3_000

/** How long ending all parts may take, where the database stands still, in ms. */
const LET_GO = 10_000

export interface App {
  readonly publish: Publish
  /** Its lines name this node. */
  readonly logger: Logger
  /** `http://host:port`, with the port that was really taken. */
  readonly url: string
  /**
   * Moves clients to other nodes, stops taking edits, commits what was taken, closes everything; returns what could not be
   * committed: nothing, as a rule.
   */
  close(): Promise<readonly Unsaved[]>
}

/** Listens by itself, as `syncline serve` does. */
export async function startApp(config: Config, logger: Logger, embedded: EmbedOptions = {}): Promise<App> {
  const parts = await assemble(config, logger, embedded)
  const server = createServer(parts.listener)
  parts.gateway.attach(server)
  try {
    await listen(server, config)
  } catch (error) {
    await parts.end()
    throw error
  }
  parts.start()
  return {
    url: urlOf(server, config.host),
    publish: parts.publish,
    logger: parts.logger,
    close: async () => {
      // Until everybody has moved, requests are answered: also those that ask whether it is ready.
      await parts.drain()
      const stopped = parts.stop()
      const closed = new Promise((resolve) => server.close(resolve))
      const sweep = setInterval(() => server.closeIdleConnections(), 50)
      const unsaved = await stopped
      // Answers on their way say why they end.
      await within(LAST_WORDS, closed)
      clearInterval(sweep)
      server.closeAllConnections()
      // It waits for every descriptor, and what was upgraded is not on the list of those that were just closed.
      await within(GONE, closed)
      await within(LET_GO, parts.end())
      return unsaved
    },
  }
}

function listen(server: Server, { host, port }: Config): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

function urlOf(server: Server, host: string): string {
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}

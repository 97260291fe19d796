import type { IncomingMessage, Server } from 'node:http'
import { assemble } from './app.ts'
import { type Config, ConfigError } from './config.ts'
import type { Logger } from './observe/log.ts'
import { API_PREFIX, SYNC_PATH } from './protocol.ts'

export interface Attached {
  /**
   * Closes Syncline's WebSockets, commits what was taken and gives the server back; false where something could not be
   * committed. Call it before the server's own `close`.
   */
  close(): Promise<boolean>
}

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
export async function attachSyncline(server: Server, config: Config, logger: Logger): Promise<Attached> {
  if (config.tokens.mode === 'development')
    throw new ConfigError(['JWT_SECRET, JWT_PUBLIC_KEY or JWKS_URL must be set in a server of your own'])
  const parts = await assemble(config, logger)
  const { listener, gateway } = parts
  const request = take(server, 'request')
  const upgrade = take(server, 'upgrade')
  server.on('request', (asked, response) => {
    if (isOurs(asked)) listener(asked, response)
    else request.pass(asked, response)
  })
  server.on('upgrade', (asked, socket, head) => {
    // Where nobody else listens, nobody else would ever answer.
    if (isOurs(asked) || server.listenerCount('upgrade') + upgrade.count === 1)
      gateway.upgrade(asked, socket, head)
    else upgrade.pass(asked, socket, head)
  })
  parts.start()
  return {
    close: async () => {
      const durable = await parts.stop()
      request.giveBack()
      upgrade.giveBack()
      await parts.end()
      return durable
    },
  }
}

/** Puts the listeners that are there aside, for those requests that are theirs. */
function take(server: Server, event: 'request' | 'upgrade') {
  const listeners = server.listeners(event)
  server.removeAllListeners(event)
  return {
    count: listeners.length,
    pass: (...asked: readonly unknown[]) => {
      for (const listener of listeners) listener.apply(server, asked)
    },
    giveBack: () => {
      server.removeAllListeners(event)
      for (const listener of listeners) server.on(event, listener as (...asked: unknown[]) => void)
    },
  }
}

import { once } from 'node:events'
import { createServer } from 'node:http'
import type { connectedPayload, Hocuspocus, WebSocketLike } from '@hocuspocus/server'
import { pino } from 'pino'
import { expect, it, onTestFinished } from 'vitest'
import { readConfig } from '../../server/config.ts'
import { Connections } from '../../server/realtime/connections.ts'
import { Gateway } from '../../server/realtime/gateway.ts'
import { createHocuspocus } from '../../server/realtime/hocuspocus.ts'
import { Presence } from '../../server/realtime/presence.ts'
import type { SocketContext } from '../../server/realtime/session.ts'
import { RawClient } from '../support/raw-client.ts'

it('[RT33] who has joined and sends nothing stays', async () => {
  const { wsUrl, hocuspocus } = await server()
  // It looks as often. A minute, otherwise.
  hocuspocus.configuration.timeout = 500
  const quiet = await RawClient.connect({ wsUrl, room: 'doc:quiet', token: 'any' })
  await quiet.shake()

  // One after the other: whoever came before them would have been looked at twice by then.
  expect(await closedBy(hocuspocus)).toBe('Connection Timeout')
  expect(await closedBy(hocuspocus)).toBe('Connection Timeout')

  expect(quiet.closed).toBeUndefined()
  quiet.close()
})

/** Why Hocuspocus closes a connection that says nothing, where nobody stands between. */
function closedBy(hocuspocus: Hocuspocus): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>()
  const socket: WebSocketLike = {
    readyState: 1,
    send: () => undefined,
    close: (_code, reason) => resolve(reason),
  }
  hocuspocus.handleConnection(socket, new Request('http://localhost'))
  return promise
}

async function server() {
  const logger = pino({ level: 'silent' })
  const { hocuspocus } = createHocuspocus(logger, [
    {
      connected: async ({ connection, context }: connectedPayload<SocketContext>) =>
        context.session.joined(connection),
    },
  ])
  const http = createServer()
  const { limits } = readConfig({})
  new Gateway({
    hocuspocus,
    logger,
    maxFrameBytes: 1_000_000,
    limits,
    connections: new Connections(limits, { check: () => undefined }),
    addressOf: () => 'here',
    refuseUpgrade: () => undefined,
    corsOrigin: () => null,
    mayAsk: () => true,
    committed: async () => undefined,
    presence: new Presence({ logger, identityOf: () => undefined, mayAsk: () => true }),
  }).attach(http)
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  onTestFinished(() => {
    http.close()
    http.closeAllConnections()
  })
  const address = http.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return { wsUrl: `ws://127.0.0.1:${port}/sync`, hocuspocus }
}

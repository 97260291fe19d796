import type { Hocuspocus, WebSocketLike } from '@hocuspocus/server'
import { expect, it } from 'vitest'
import { startGateway } from '../support/gateway.ts'
import { RawClient } from '../support/raw-client.ts'
import { tokenOf } from '../support/tokens.ts'

it('[RT33] who has joined and sends nothing stays', async () => {
  const { wsUrl, hocuspocus } = await startGateway()
  // It looks as often. A minute, otherwise.
  hocuspocus.configuration.timeout = 500
  const quiet = await RawClient.connect({ wsUrl, room: 'doc:quiet', token: tokenOf('ada') })
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

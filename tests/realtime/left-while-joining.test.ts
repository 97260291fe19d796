import { expect, it, onTestFinished } from 'vitest'
import { Authorizer } from '../../server/access/authorizer.ts'
import { startGateway } from '../support/gateway.ts'
import { RawClient } from '../support/raw-client.ts'
import { until } from '../support/server.ts'
import { tokenOf } from '../support/tokens.ts'

const ROOM = 'doc:left'

it('[ACC31] asks nothing more about a connection that was left while it was being decided again at its join', async () => {
  const answered = Promise.withResolvers<void>()
  onTestFinished(() => answered.resolve())
  let asked = 0
  const authorizer = new Authorizer({
    application: {
      ask: async () => {
        asked += 1
        if (asked > 1) await answered.promise
        return { role: 'write', create: true, ttl: 3600, until: Date.now() + 3_600_000 }
      },
    },
  })
  const change = () => authorizer.changed({ user: 'ada', room: ROOM })
  const gateway = await startGateway([{ onLoadDocument: async () => change() }], {}, undefined, authorizer)
  const options = {
    wsUrl: gateway.wsUrl,
    room: ROOM,
    token: tokenOf('ada', { grants: { 'doc:*': 'write' } }),
  }
  const client = await RawClient.connect(options)
  await until(() => asked === 2)
  client.cut()
  await until(() => gateway.connections.size === 0)
  answered.resolve()
  // Who comes after it is decided on after it.
  const other = await RawClient.connect({ ...options, token: tokenOf('bob') })
  onTestFinished(() => other.cut())
  await other.shake()
  const before = asked
  change()
  await new Promise(setImmediate)
  expect(asked).toBe(before)
})

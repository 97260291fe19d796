import { once } from 'node:events'
import { createServer } from 'node:http'
import type { connectedPayload, Extension, HookName, onStatelessPayload } from '@hocuspocus/server'
import { pino } from 'pino'
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest'
import { readConfig } from '../../server/config.ts'
import { SynclineError } from '../../server/errors.ts'
import { Connections } from '../../server/realtime/connections.ts'
import { Gateway } from '../../server/realtime/gateway.ts'
import { guard } from '../../server/realtime/guard.ts'
import { createHocuspocus } from '../../server/realtime/hocuspocus.ts'
import { Presence } from '../../server/realtime/presence.ts'
import type { SocketContext } from '../../server/realtime/session.ts'
import { connectProvider } from '../support/provider.ts'
import { until } from '../support/server.ts'

/**
 * All that Hocuspocus runs for a connection, from its first frame to the unloading of its document; but for
 * presence, which the gateway keeps to itself.
 */
const HOOKS = [
  'onConnect',
  'onAuthenticate',
  'onTokenSync',
  'onCreateDocument',
  'onLoadDocument',
  'afterLoadDocument',
  'connected',
  'beforeHandleMessage',
  'afterHandleMessage',
  'beforeSync',
  'onStateless',
  'beforeBroadcastStateless',
  'onChange',
  'onStoreDocument',
  'afterStoreDocument',
  'onDisconnect',
  'beforeUnloadDocument',
  'afterUnloadDocument',
] as const satisfies readonly HookName[]

/** The hook that throws just now, what it throws, and how often it has. */
let armed: { readonly hook: HookName; readonly thrown: unknown } | undefined
let thrown = 0

const throwing: Extension = Object.fromEntries(
  HOOKS.map((hook) => [
    hook,
    async () => {
      if (armed?.hook !== hook) return
      thrown += 1
      throw armed.thrown
    },
  ]),
)

const logger = pino({ level: 'silent' })
const { hocuspocus } = createHocuspocus(logger, [
  {
    connected: async ({ connection, context }: connectedPayload<SocketContext>) =>
      context.session.joined(connection),
    onStateless: async ({ document, payload }: onStatelessPayload) => document.broadcastStateless(payload),
  },
  throwing,
])
// Stores at once, so that each round sees the hooks of storing too.
hocuspocus.configuration.debounce = 0
const server = createServer()
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
}).attach(server)
const unhandled: unknown[] = []
const onUnhandled = (reason: unknown) => unhandled.push(reason)
let wsUrl = ''

beforeAll(async () => {
  // Hocuspocus repeats there what the guard has logged.
  vi.spyOn(console, 'error').mockImplementation(() => undefined)
  process.on('unhandledRejection', onUnhandled)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  wsUrl = `ws://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}/sync`
})
afterEach(() => {
  armed = undefined
})
afterAll(() => {
  vi.restoreAllMocks()
  process.off('unhandledRejection', onUnhandled)
  server.close()
  server.closeAllConnections()
})

/** Everything that a client does in a day. */
async function visit(room: string): Promise<void> {
  const client = connectProvider({ wsUrl, room, token: 'any' })
  const refused = () => client.denials.length + client.closes.length > 0
  await until(() => refused() || client.provider.isSynced)
  client.edits.push(['edit'])
  client.provider.sendStateless('{}')
  await client.provider.sendToken()
  await until(
    () => refused() || (client.stateless.length > 0 && !client.provider.hasUnsyncedChanges) || thrown > 0,
  )
  client.destroy()
  await until(() => hocuspocus.getConnectionsCount() === 0)
}

const VALUES: readonly (readonly [string, unknown])[] = [
  ['an error', new Error('a hook broke')],
  ['undefined', undefined],
]

for (const hook of HOOKS) {
  it(`[RT2] survives a throw in ${hook}, be it undefined, and serves the next one who comes`, async () => {
    for (const [name, value] of VALUES) {
      thrown = 0
      armed = { hook, thrown: value }
      await visit(`doc:${hook}-${name.length}`)
      await until(() => thrown > 0)
      armed = undefined
      const next = connectProvider({ wsUrl, room: 'doc:next', token: 'any' })
      await next.saved()
      next.edits.push(['served'])
      await next.saved()
      next.destroy()
    }
    expect(unhandled).toEqual([])
  })
}

it('[RT2] survives an extension that throws as it is configured', async () => {
  const onConfigure = async () => {
    thrown += 1
    throw new Error('not today')
  }
  thrown = 0
  createHocuspocus(logger, [{ onConfigure }])
  await until(() => thrown === 1)
  await new Promise(setImmediate)
  expect(unhandled).toEqual([])
})

it('[RT2] negative control: without the guard the same throw is an unhandled rejection, which ends a process', async () => {
  const bare = createHocuspocus(logger, [])
  bare.hocuspocus.configuration.extensions.push({
    onChange: async () => {
      throw new Error('unguarded')
    },
  })
  const seen: unknown[] = []
  const listeners = process.listeners('unhandledRejection')
  process.removeAllListeners('unhandledRejection')
  process.on('unhandledRejection', (reason) => seen.push(reason))
  try {
    const direct = await bare.hocuspocus.openDirectConnection('doc:bare')
    await direct.transact((document) => document.getArray('edits').push(['edit']))
    await until(() => seen.length > 0)
  } finally {
    process.removeAllListeners('unhandledRejection')
    for (const listener of listeners) process.on('unhandledRejection', listener)
  }
  expect(String(seen[0])).toContain('unguarded')
})

it('[RT2] handles nothing more of what a refused connection had queued, where stock Hocuspocus applied 16 of 20', async () => {
  const seen: unknown[] = []
  const guarded = guard(
    {
      beforeSync: async ({ payload }) => {
        seen.push(payload)
        throw new SynclineError('forbidden')
      },
    },
    logger,
  )
  const connection = {
    sendStateless: () => undefined,
    close: () => undefined,
    webSocket: { close: () => undefined },
    document: { hasConnection: () => true },
  }
  const hook: unknown = Reflect.get(guarded, 'beforeSync')
  if (typeof hook !== 'function') throw new Error('the hook is gone')
  for (const payload of ['first', 'second']) {
    await expect(hook({ connection, payload })).rejects.toThrow(SynclineError)
  }
  expect(seen).toEqual(['first'])
})

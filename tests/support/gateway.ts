import { once } from 'node:events'
import { createServer } from 'node:http'
import { promisify } from 'node:util'
import type { Extension, Hocuspocus } from '@hocuspocus/server'
import { type DestinationStream, pino } from 'pino'
import { onTestFinished } from 'vitest'
import { Authorizer } from '../../server/access/authorizer.ts'
import type { Revocation } from '../../server/access/revocation-table.ts'
import { createVerifier } from '../../server/access/verifier.ts'
import type { Bus } from '../../server/bus.ts'
import { type Limits, readConfig } from '../../server/config.ts'
import { SynclineError } from '../../server/errors.ts'
import { originAllowed } from '../../server/http/origin.ts'
import { Attendance, type Whereabouts } from '../../server/presence/attendance.ts'
import { Everywhere } from '../../server/presence/everywhere.ts'
import { Authorization, identityOf, mayAsk } from '../../server/realtime/authorization.ts'
import { Connections } from '../../server/realtime/connections.ts'
import { Gateway } from '../../server/realtime/gateway.ts'
import { createHocuspocus } from '../../server/realtime/hocuspocus.ts'
import { Presence } from '../../server/realtime/presence.ts'
import { SECRET } from './tokens.ts'

/** The one origin that pages may come from. */
export const ALLOWED_ORIGIN = 'https://app.example'

/** What is there is more than two kernels keep for somebody who does not read, in bytes. */
export const LARGE_PATH = '/large'
const LARGE = 64 * 1024 * 1024

export interface TestGateway {
  readonly wsUrl: string
  readonly hocuspocus: Hocuspocus
  readonly connections: Connections
  /** Who is connected: to any node, where there is a bus. */
  readonly whereabouts: Whereabouts
  /** TCP connections that are open. */
  connected(): Promise<number>
  /** What was logged, one object a line. */
  readonly logged: readonly Record<string, unknown>[]
  /** As the table's poll or the route would. */
  revoke(subject: { readonly user?: string; readonly room?: string }): void
}

/** The gateway in this process, with real access and no database: for tests that look inside, or hold a hook. */
export async function startGateway(
  extensions: readonly Extension[] = [],
  overrides: Partial<Limits> = {},
  bus?: Bus,
  authorizer = new Authorizer({}),
): Promise<TestGateway> {
  const logged: Record<string, unknown>[] = []
  const stream: DestinationStream = { write: (line) => void logged.push(JSON.parse(line)) }
  const logger = pino({ level: 'info' }, stream)
  const limits = { ...readConfig({}).limits, ...overrides }
  const attendance = new Attendance({ came: () => undefined, left: () => undefined }, (user) =>
    everywhere?.changed(user),
  )
  const everywhere = bus && new Everywhere(bus, attendance)
  const connections = new Connections(limits, { check: () => undefined }, bus)
  const { hocuspocus } = createHocuspocus(
    logger,
    [
      new Authorization({
        verify: createVerifier({ mode: 'secret', secret: SECRET }, {}, logger),
        authorizer,
        logger,
        ensureRoom: async () => true,
      }),
      ...extensions,
    ],
    limits,
  )
  const server = createServer((request, response) => {
    if (gateway.request(request, response)) return
    response.writeHead(404).end(request.url === LARGE_PATH ? Buffer.alloc(LARGE) : undefined)
  })
  const gateway = new Gateway({
    hocuspocus,
    logger,
    maxFrameBytes: 16 * 1024 * 1024,
    limits,
    connections,
    addressOf: () => '127.0.0.1',
    mayAsk: ({ context }) => mayAsk(context),
    presence: new Presence({ logger, identityOf, mayAsk: ({ context }) => mayAsk(context), attendance, bus }),
    committed: async () => undefined,
    refuseUpgrade: ({ headers }) =>
      originAllowed(headers, [ALLOWED_ORIGIN]) ? undefined : new SynclineError('origin-refused'),
    corsOrigin: (origin) => (origin === ALLOWED_ORIGIN ? origin : null),
  })
  gateway.attach(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  const address = server.address()
  return {
    wsUrl: `ws://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}/sync`,
    hocuspocus,
    connections,
    whereabouts: everywhere ?? attendance,
    connected: () => promisify(server.getConnections.bind(server))(),
    logged,
    revoke: (subject) => {
      const revocation: Revocation = { ...subject, at: Date.now() + 1 }
      connections.revoke(revocation)
    },
  }
}

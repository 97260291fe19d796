import { createServer, type Server } from 'node:http'
import { join } from 'node:path'
import { verifyToken } from './access/token.ts'
import type { Config } from './config.ts'
import { type ErrorCode, SynclineError } from './errors.ts'
import { createHttp } from './http/http.ts'
import { originAllowed } from './http/origin.ts'
import { createRoomDirectory } from './log/directory.ts'
import { Log } from './log/log.ts'
import type { Logger } from './observe/log.ts'
import { PACKAGE_ROOT, VERSION } from './package.ts'
import { Authorization, identityOf } from './realtime/authorization.ts'
import { Gateway } from './realtime/gateway.ts'
import { createHocuspocus } from './realtime/hocuspocus.ts'
import { RoomExtension } from './realtime/room-extension.ts'
import { openDatabase } from './storage/database.ts'
import { Heartbeat } from './storage/heartbeat.ts'
import { within } from './storage/within.ts'

const STUDIO_DIR = join(PACKAGE_ROOT, 'dist/studio')

/** Edits that wait longer than this for the database turn readiness red, in ms. */
const READY_WITHIN = 5_000
export interface App {
  /** `http://host:port`, with the port that was really taken. */
  readonly url: string
  /** Stops taking edits, commits what was taken, closes everything; false where something could not be committed. */
  close(): Promise<boolean>
}

/** Puts the server together: the only place that knows every part. */
export async function startApp(config: Config, logger: Logger): Promise<App> {
  const database = await openDatabase(config.storage, logger)
  const log = new Log(database, logger, config.maxQueueBytes)
  const heartbeat = new Heartbeat(database.pool)
  const rooms = new RoomExtension({
    log,
    logger,
    actorOf: (context) => identityOf(context)?.user,
    maxDocumentBytes: config.maxDocumentBytes,
  })
  const { hocuspocus, allUnloaded } = createHocuspocus(logger, [
    new Authorization({
      verify: (token) => verifyToken(config.tokens, token),
      ensureRoom: (name, createBy) => log.ensure(name, createBy),
    }),
    rooms,
  ])
  let stopping = false
  const http = createHttp({
    rooms: createRoomDirectory(database.pool),
    readiness: () => {
      const problems = readinessProblems(log, heartbeat, stopping)
      return { ready: problems.length === 0, problems }
    },
    tokens: config.tokens,
    allowedOrigins: config.allowedOrigins,
    studioDir: STUDIO_DIR,
    version: VERSION,
    logger,
  })
  const gateway = new Gateway({
    hocuspocus,
    logger,
    maxFrameBytes: config.maxFrameBytes,
    mayAsk: ({ context }) => (identityOf(context)?.expiresAt ?? 0) > Date.now(),
    refuseUpgrade: ({ headers }) =>
      originAllowed(headers, config.allowedOrigins) ? undefined : new SynclineError('origin-refused'),
  })
  const server = createServer(http.listener)
  gateway.attach(server)
  try {
    await listen(server, config)
  } catch (error) {
    heartbeat.stop()
    await log.abandon()
    await database.close()
    throw error
  }
  return {
    url: urlOf(server, config.host),
    close: async () => {
      stopping = true
      gateway.drain()
      const closed = new Promise((resolve) => server.close(resolve))
      gateway.closeAll(1012, 'shutting-down')
      const durable = await within(
        config.stopWithin,
        allUnloaded().then(() => log.close()),
      )
      if (!durable) await log.abandon()
      heartbeat.stop()
      await rooms.onDestroy()
      server.closeAllConnections()
      await closed
      await database.close()
      return durable
    },
  }
}

function readinessProblems(log: Log, heartbeat: Heartbeat, stopping: boolean): readonly ErrorCode[] {
  const problems: ErrorCode[] = []
  const { failure, oldest, stalled } = log.state
  if (stopping) problems.push('shutting-down')
  if (log.full) problems.push('storage-full')
  if (failure !== undefined || oldest > READY_WITHIN || stalled > 0 || !heartbeat.alive) {
    problems.push('storage-unavailable')
  }
  return problems
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

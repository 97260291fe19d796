import { Log } from './log/log.ts'
import { createLogger, type Logger } from './observe/log.ts'
import { type Extension, guard } from './realtime/guard.ts'
import { RoomExtension } from './realtime/room-extension.ts'
import { openDatabase } from './storage/database.ts'
import { within } from './within.ts'

export interface SynclineOptions {
  /** `postgres://…`, version 15 or later. The tables are made, and brought up to date, at the start. */
  readonly databaseUrl: string
  /**
   * The id of the authenticated person behind a connection, from the context that your `onAuthenticate`
   * returned; it stands in the log as the author of what they write. Default: `context.user.id`.
   */
  readonly actorOf?: (context: unknown) => string | undefined
  /** Edits that may wait in memory while the database is away, in bytes. Default 64 MiB. */
  readonly maxQueueBytes?: number
  /** How long `onDestroy` waits for edits that are not committed, in ms. Default 20 s. */
  readonly stopWithin?: number
  /** The largest document, encoded, in bytes; past it only deletions are taken. Default 64 MiB. */
  readonly maxDocumentBytes?: number
  readonly logger?: Logger
}

const DEFAULT_QUEUE_BYTES = 64 * 1024 * 1024
const DEFAULT_STOP_WITHIN = 20_000
const DEFAULT_DOCUMENT_BYTES = 64 * 1024 * 1024

/**
 * The log and the held acknowledgement for a Hocuspocus server of your own: documents are kept in Postgres,
 * and a provider's `unsyncedChanges` goes down only when an edit is committed.
 *
 * It takes the place of extension-database. Who may join, and who may only read, stays your `onAuthenticate`'s
 * business. A load that fails ends as it does in stock Hocuspocus: the client is refused, and asks again after
 * its own timer. While the database is away documents are not unloaded, so Hocuspocus' `Server.destroy()` waits
 * for it: put a limit of your own around that. What is lost by ending before was never acknowledged.
 *
 * @throws StorageError where the database cannot be reached or used.
 */
export async function syncline(options: SynclineOptions): Promise<Extension> {
  const logger = options.logger ?? createLogger('warn')
  const database = await openDatabase({ kind: 'url', url: options.databaseUrl }, logger)
  const log = new Log(database, logger, options.maxQueueBytes ?? DEFAULT_QUEUE_BYTES)
  const rooms = guard(
    new RoomExtension({
      log,
      logger,
      actorOf: options.actorOf ?? userId,
      maxDocumentBytes: options.maxDocumentBytes ?? DEFAULT_DOCUMENT_BYTES,
    }),
    logger,
  )
  return {
    ...rooms,
    onDestroy: async (data) => {
      await rooms.onDestroy?.(data)
      const durable = await within(options.stopWithin ?? DEFAULT_STOP_WITHIN, log.close())
      if (!durable) {
        const { entries } = log.state
        logger.error({ entries }, 'stopped before everything was saved; none of it was acknowledged')
        await log.abandon()
      }
      await database.close()
    },
  }
}

function userId(context: unknown): string | undefined {
  const user = field(context, 'user')
  const id = field(user, 'id')
  return typeof id === 'string' ? id : undefined
}

const field = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined

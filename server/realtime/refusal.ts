import type { Connection } from '@hocuspocus/server'
import { isRoomName } from '../access/room-name.ts'
import { isFault, SynclineError } from '../errors.ts'
import { isOfDeletedRoom } from '../log/erase.ts'
import { countRefusal, type Logger } from '../observe/log.ts'
import type { RejectEnvelope } from '../protocol.ts'
import { isStorageFailure } from '../storage/failure.ts'

/** Close codes from 4000 on are the application's; browsers see 1000 and read the reason. */
export const REFUSED = 4400

/** Whatever was thrown, as an entry of the catalogue: an outage is one that passes, the rest is our fault. */
export function toSynclineError(thrown: unknown): SynclineError {
  if (thrown instanceof SynclineError) return thrown
  if (isOfDeletedRoom(thrown)) return new SynclineError('room-deleted')
  return new SynclineError(isStorageFailure(thrown) ? 'storage-unavailable' : 'internal', undefined, {
    cause: thrown,
  })
}

/** What is logged of a text that a client chose. */
const MAX_SHOWN = 200

/** Where a room is to be named a client may have put anything, a token too. */
const isShown = ([name, value]: readonly [string, unknown]): boolean =>
  name !== 'room' || (typeof value === 'string' && isRoomName(value))

const shortened = (value: unknown): unknown =>
  typeof value === 'string' && value.length > MAX_SHOWN ? `${value.slice(0, MAX_SHOWN)}…` : value

/** One line for one refusal: what somebody has to look into is an error with its stack, all else of this level. */
export function logRefusal(
  logger: Logger,
  error: SynclineError,
  fields: Readonly<Record<string, unknown>>,
  level: 'info' | 'debug' = 'info',
): void {
  const named = Object.entries(fields).filter(isShown)
  const shown = Object.fromEntries(named.map(([name, value]) => [name, shortened(value)]))
  countRefusal(logger, error.code)
  if (isFault(error.code)) logger.error({ err: error, code: error.code, ...shown }, error.message)
  else logger[level]({ code: error.code, detail: shortened(error.detail), ...shown }, 'refused')
}

const refused = new WeakMap<Connection, SynclineError>()

/** Why a connection was refused, if it was: nothing that it sent is handled any more. */
export const refusalOf = (connection: Connection): SynclineError | undefined => refused.get(connection)

/**
 * What waits in a connection to be handled. Hocuspocus keeps it to itself, and goes on with it after `close`:
 * 16 of 20 queued updates were applied. A test shows should it ever move.
 */
export function queueOf(connection: Connection): Uint8Array[] {
  const queue: unknown = Reflect.get(connection, 'messageQueue')
  return Array.isArray(queue) ? queue : []
}

/** Takes a connection out of its room and tells the client why. Nothing of it is handled or sent from now on. */
export function rejectConnection(connection: Connection, error: SynclineError): void {
  refused.set(connection, error)
  queueOf(connection).length = 0
  const { code, message, retryable } = error
  const reject: RejectEnvelope = { type: 'reject', id: null, code, message, retryable }
  connection.sendStateless(JSON.stringify(reject))
  connection.close({ code: REFUSED, reason: error.code })
}

/**
 * The same, and closes the whole WebSocket: Hocuspocus would only send a CLOSE message and leave it open, and a
 * provider does not authenticate again on an open socket (34 s, or never, until it recovers).
 */
export function refuseConnection(connection: Connection, error: SynclineError): void {
  rejectConnection(connection, error)
  connection.webSocket.close(REFUSED, error.code)
}

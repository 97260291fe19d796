import type { Connection } from '@hocuspocus/server'
import { SynclineError } from '../errors.ts'
import type { Logger } from '../observe/log.ts'
import type { RejectEnvelope } from '../protocol.ts'
import { isStorageFailure } from '../storage/failure.ts'

/** Close codes from 4000 on are the application's; browsers see 1000 and read the reason. */
const REFUSED = 4400

/** Whatever was thrown, as an entry of the catalogue: an outage is one that passes, the rest is our fault. */
export function toSynclineError(thrown: unknown): SynclineError {
  if (thrown instanceof SynclineError) return thrown
  return new SynclineError(isStorageFailure(thrown) ? 'storage-unavailable' : 'internal', undefined, {
    cause: thrown,
  })
}

/** One line for one refusal: what a client did wrong is information, what we did is an error with its stack. */
export function logRefusal(
  logger: Logger,
  error: SynclineError,
  fields: Readonly<Record<string, unknown>>,
): void {
  if (error.code === 'internal') logger.error({ err: error, ...fields }, error.message)
  else logger.info({ code: error.code, detail: error.detail, ...fields }, 'refused')
}

const refused = new WeakMap<Connection, SynclineError>()

/** Why a connection was refused, if it was: nothing that it sent is handled any more. */
export const refusalOf = (connection: Connection): SynclineError | undefined => refused.get(connection)

/**
 * Tells the client why, and closes the whole WebSocket: Hocuspocus would only send a CLOSE message and leave
 * it open, and a provider does not authenticate again on an open socket (34 s, or never, until it recovers).
 */
export function refuseConnection(connection: Connection, error: SynclineError): void {
  refused.set(connection, error)
  const reject: RejectEnvelope = { type: 'reject', id: null, code: error.code, message: error.message }
  connection.sendStateless(JSON.stringify(reject))
  connection.close({ code: REFUSED, reason: error.code })
  connection.webSocket.close(REFUSED, error.code)
}

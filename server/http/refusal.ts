import { randomUUID } from 'node:crypto'
import { RequestError } from '@hono/node-server'
import { z } from '@hono/zod-openapi'
import { HTTPException } from 'hono/http-exception'
import { isRoomName } from '../access/room-name.ts'
import { ERRORS, type ErrorCode, isFault, SynclineError } from '../errors.ts'
import { isOfDeletedRoom } from '../log/erase.ts'
import { countRefusal, type Logger } from '../observe/log.ts'
import { isStorageFailure } from '../storage/failure.ts'
import { whoAsks } from './asking.ts'

/** How every refusal looks, whatever the address. */
export const refusalSchema = z
  .object({
    error: z.object({
      code: z.enum(Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]]),
      message: z.string(),
      retryable: z.boolean(),
    }),
  })
  .openapi('Refusal')

export type Refusal = z.infer<typeof refusalSchema>

/** A code of the catalogue as it is sent, in the catalogue's own words unless others fit better. */
export const refusal = (code: ErrorCode, message: string = ERRORS[code].reason): Refusal => ({
  error: { code, message, retryable: ERRORS[code].retryable },
})

/** What was thrown, in the words of the catalogue. Whatever is in nobody's words is `internal`. */
function toSyncline(error: unknown): SynclineError {
  if (error instanceof SynclineError) return error
  if (isOfDeletedRoom(error)) return new SynclineError('room-deleted')
  if (error instanceof RequestError) return new SynclineError('request-invalid', error.message)
  if (error instanceof HTTPException && error.status < 500) {
    return new SynclineError('request-invalid', error.message)
  }
  return new SynclineError(isStorageFailure(error) ? 'storage-unavailable' : 'internal', undefined, {
    cause: error,
  })
}

/** What is logged of a text that a client chose. */
const MAX_SHOWN = 200

/** A flood is not to fill the disk; an outage, which every request meets, is to be seen. */
const levelOf = (status: number) => (status === 429 ? 'debug' : status < 500 ? 'info' : 'warn')

/**
 * Turns whatever was thrown into an answer, and logs it once, with the id that the answer has: what somebody has to
 * look into as an error with its stack, all else in a line.
 */
export function answerError(
  error: unknown,
  { route, room }: { readonly route: string; readonly room?: string | undefined },
  logger: Logger,
): Response {
  const thrown = toSyncline(error)
  const requestId = randomUUID()
  countRefusal(logger, thrown.code)
  const headers = new Headers({ 'X-Request-Id': requestId, 'Cache-Control': 'no-store' })
  if (thrown.status === 401) headers.set('WWW-Authenticate', 'Bearer')
  // The rest of the body is not read, so the connection is of no further use.
  if (thrown.status === 413) headers.set('Connection', 'close')
  if (thrown.status === 503 || thrown.status === 429) {
    headers.set('Retry-After', String(thrown.retryAfter ?? 1))
  }
  const { code, detail } = thrown
  const line = {
    code,
    requestId,
    route,
    room: room !== undefined && isRoomName(room) ? room : undefined,
    user: whoAsks(),
  }
  if (isFault(code)) logger.error({ err: thrown.cause ?? thrown, ...line }, 'request failed')
  else {
    // What a client did wrong may have quoted what it sent.
    const cause = thrown.status >= 500 && thrown.cause instanceof Error ? thrown.cause.message : undefined
    const why = detail ?? cause
    logger[levelOf(thrown.status)]({ ...line, detail: why?.slice(0, MAX_SHOWN) }, 'refused')
  }
  // What went wrong in here is for the log; whoever asked gets the catalogue's words and the id to quote.
  const message = thrown.status < 500 ? thrown.message : undefined
  return Response.json(refusal(code, message), { status: thrown.status, headers })
}

import { randomUUID } from 'node:crypto'
import { RequestError } from '@hono/node-server'
import { z } from '@hono/zod-openapi'
import { HTTPException } from 'hono/http-exception'
import { isRoomName } from '../access/room-name.ts'
import { ERRORS, type ErrorCode, SynclineError } from '../errors.ts'
import { isOfDeletedRoom } from '../log/erase.ts'
import { countRefusal, type Logger } from '../observe/log.ts'
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
  return new SynclineError('internal', undefined, { cause: error })
}

/** What is logged of a text that a client chose. */
const MAX_SHOWN = 200

/** Turns whatever was thrown into an answer, and logs it once, with the id that the answer has. */
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
  if (thrown.status < 500) {
    // A flood is not to fill the disk.
    const level = thrown.status === 429 ? 'debug' : 'info'
    logger[level]({ ...line, detail: detail?.slice(0, MAX_SHOWN) }, 'refused')
    return Response.json(refusal(thrown.code, thrown.message), { status: thrown.status, headers })
  }
  logger.error({ err: thrown.cause ?? thrown, ...line }, 'request failed')
  // What went wrong in here is for the log; whoever asked gets the catalogue's words and the id to quote.
  return Response.json(refusal(thrown.code), { status: thrown.status, headers })
}

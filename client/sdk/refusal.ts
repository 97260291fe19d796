import { ERRORS, type ErrorCode, isErrorCode } from '../../server/errors.ts'
import type { Refusal } from './state.ts'

export const refusal = (
  code: ErrorCode,
  message?: string,
  retryable: boolean = ERRORS[code].retryable,
): Refusal => ({
  code,
  message: message || ERRORS[code].reason,
  // Joining again makes a room that one may not change readable, so it is worth asking.
  retryable: retryable || code === 'read-only',
})

/** What an unchanged Hocuspocus server says in the place of a reason. */
const STOCK_REASONS: Readonly<Record<string, ErrorCode>> = {
  'permission-denied': 'forbidden',
  Forbidden: 'forbidden',
  Unauthorized: 'token-invalid',
}

/** The refusal in the reason of a denied join, of a closed room or of a closed socket; other reasons refuse nothing. */
export const refusalFrom = (reason: string): Refusal | undefined => {
  const code = isErrorCode(reason) ? reason : STOCK_REASONS[reason]
  return code === undefined ? undefined : refusal(code)
}

/** What a stateless message may say of the room itself; one that answers a single message of ours is not it. */
export const refusalInEnvelope = (envelope: Readonly<Record<string, unknown>>): Refusal | undefined => {
  if (envelope.type !== 'reject' || (envelope.id !== null && envelope.id !== undefined)) return undefined
  return refusalSaid(envelope)
}

/** The refusal in a `reject` envelope, whatever it is about. */
export const refusalSaid = (envelope: Readonly<Record<string, unknown>>): Refusal => {
  const message = typeof envelope.message === 'string' ? envelope.message : undefined
  if (isErrorCode(envelope.code)) return refusal(envelope.code, message)
  // A newer server's code: what it means for us, the envelope says itself.
  return refusal('internal', message, envelope.retryable !== false)
}

/** Why a question to the server's routes was not answered; without a refusal nobody was there to answer. */
export const refusalOf = (error: unknown): Refusal => {
  const cause = error instanceof Error ? error.cause : undefined
  return typeof cause === 'object' && cause !== null && 'code' in cause && 'retryable' in cause
    ? (cause as Refusal)
    : refusal('storage-unavailable', 'The server cannot be reached')
}

/** Why a server closes a WebSocket, whichever rooms are on it. */
const SOCKET_REFUSALS: readonly ErrorCode[] = [
  'authentication-timeout',
  'rate-limited',
  'session-ended',
  'shutting-down',
  'slow-reader',
  'too-many-connections',
]

/** The refusal in the reason of a closed socket that concerns all its rooms; any other is about one of them. */
export const socketRefusal = (reason: string): Refusal | undefined =>
  isErrorCode(reason) && SOCKET_REFUSALS.includes(reason) ? refusal(reason) : undefined

/** The server is well, and goes: another one takes over. */
export const meansMove = ({ code }: Refusal): boolean => code === 'shutting-down' || code === 'session-ended'

/** Codes that another token may cure. */
export const isTokenRefusal = (code: ErrorCode): boolean =>
  code === 'token-expired' || code === 'token-invalid' || code === 'token-missing' || code === 'revoked'

import { isErrorCode } from '../../server/errors.ts'
import { refusal } from './refusal.ts'
import type { Refusal } from './state.ts'

/** Why something failed: the refusal that an error has as its cause, or that the server could not be reached. */
export const reasonOf = (error: unknown): Refusal => {
  const cause: unknown = error instanceof Error ? error.cause : undefined
  const known = Object(cause) as Partial<Refusal>
  return isErrorCode(known.code)
    ? (known as Refusal)
    : refusal('internal', 'The server cannot be reached', true)
}

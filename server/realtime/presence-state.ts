import { isUtf8 } from 'node:buffer'
import type { Identity } from '../access/identity.ts'
import { SynclineError } from '../errors.ts'

/** Nesting of a state; a caret is three deep. */
const MAX_DEPTH = 16
/** Values in a state, those inside others included; a caret has twenty. Many small ones cost more than their bytes. */
const MAX_VALUES = 200

/** A caret's colour goes into other people's style sheets. */
const COLOR = /^#[0-9a-f]{6}$/i

export type HonestState = Readonly<Record<string, unknown>>

/**
 * A client's state as others may see it: its own, but for `user`, whose id and name are the token's.
 * Null where the client has left.
 * @throws SynclineError `awareness-invalid`
 */
export function honestState(
  bytes: Uint8Array,
  identity: Pick<Identity, 'user' | 'name'>,
): HonestState | null {
  const state = plainState(bytes)
  if (state === null) return null
  const user = isPlain(state.user) ? state.user : {}
  user.id = identity.user
  user.name = identity.name
  if (typeof user.color !== 'string' || !COLOR.test(user.color)) delete user.color
  state.user = user
  return state
}

/**
 * A state as it came, bounded. Null where the client has left.
 * @param more values that it may have beside a client's own
 * @throws SynclineError `awareness-invalid`
 */
export function plainState(bytes: Uint8Array, more = 0): Record<string, unknown> | null {
  const state = parse(bytes)
  if (state === null) return null
  if (!isPlain(state)) throw new SynclineError('awareness-invalid', 'a state is no object')
  check(state, MAX_DEPTH, MAX_VALUES + more)
  return state
}

function parse(bytes: Uint8Array): unknown {
  if (!isUtf8(bytes)) throw new SynclineError('awareness-invalid', 'a state is not UTF-8')
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString())
  } catch {
    throw new SynclineError('awareness-invalid', 'a state is not JSON')
  }
}

export const isPlain = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Returns how many more values there may be. */
function check(value: object, depth: number, left: number): number {
  if (depth === 0) throw new SynclineError('awareness-invalid', 'a state is nested too deeply')
  // Whoever copies such a key, as every merge of objects does, changes the prototype of the copy.
  if (Object.hasOwn(value, '__proto__')) throw new SynclineError('awareness-invalid', 'a state has __proto__')
  const inner = Object.values(value)
  let more = left - inner.length
  if (more < 0) throw new SynclineError('awareness-invalid', 'a state has too many values')
  for (const one of inner) {
    if (typeof one === 'object' && one !== null) more = check(one, depth - 1, more)
  }
  return more
}

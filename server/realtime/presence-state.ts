import { isUtf8 } from 'node:buffer'
import type { Identity } from '../access/identity.ts'
import { SynclineError } from '../errors.ts'

/** Nesting of a state; a caret is three deep. */
const MAX_DEPTH = 16

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
  const state = parse(bytes)
  if (state === null) return null
  if (!isPlain(state)) throw new SynclineError('awareness-invalid', 'a state is no object')
  check(state, MAX_DEPTH)
  const { color, ...own } = isPlain(state.user) ? state.user : {}
  const shown = typeof color === 'string' && COLOR.test(color) ? { color } : {}
  return { ...state, user: { ...own, ...shown, id: identity.user, name: identity.name } }
}

function parse(bytes: Uint8Array): unknown {
  if (!isUtf8(bytes)) throw new SynclineError('awareness-invalid', 'a state is not UTF-8')
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString())
  } catch {
    throw new SynclineError('awareness-invalid', 'a state is not JSON')
  }
}

const isPlain = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Whoever copies such a key, as every merge of objects does, changes the prototype of the copy. */
function check(value: object, depth: number): void {
  if (depth === 0) throw new SynclineError('awareness-invalid', 'a state is nested too deeply')
  if (Object.hasOwn(value, '__proto__')) throw new SynclineError('awareness-invalid', 'a state has __proto__')
  for (const inner of Object.values(value)) {
    if (typeof inner === 'object' && inner !== null) check(inner, depth - 1)
  }
}

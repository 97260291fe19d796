import type { ErrorCode } from '../../server/errors.ts'
import type { Target } from './target.ts'

/** Codes of the catalogue, and those of its parts that are being built. */
export type Code =
  | ErrorCode
  | 'awareness-invalid'
  | 'update-refused'
  | 'document-too-large'
  | 'rate-limited'
  | 'too-many-rooms'
  | 'too-many-connections'
  | 'authentication-timeout'
  | 'slow-reader'
  // The WebSocket's own code for a message that is too big.
  | '1009'

/** What must come of an attack. Whatever it is, everybody else goes on as if nothing had been. */
export type Outcome =
  /** Told so by one of these codes and shut out; nothing of it is applied. */
  | { readonly kind: 'refused'; readonly codes: readonly Code[] }
  /** Nothing of it is applied; whoever sent it may stay. */
  | { readonly kind: 'ignored' }
  /** It may be applied, even refused: nobody notices. */
  | { readonly kind: 'harmless' }

export const refused = (...codes: readonly Code[]): Outcome => ({ kind: 'refused', codes })
export const IGNORED: Outcome = { kind: 'ignored' }
export const HARMLESS: Outcome = { kind: 'harmless' }

/** What an attacker can know of the room that is attacked. */
export interface Scene {
  readonly room: string
  /** A room that the attacker has no grant for. */
  readonly elsewhere: string
  /** A good token of somebody else's. */
  readonly stolen: string
  /** Somebody honest who is in the room, and the clock of what they will write next. */
  readonly victim: { readonly client: number; readonly clock: number }
  /** All that is in the room. */
  readonly state: Uint8Array
}

interface Described {
  readonly name: string
  /** What it is aimed at. */
  readonly against: string
  readonly outcome: Outcome
}

/** Who sends it: somebody who may write, may only read, has no grant, or has not said who they are. */
export type Role = 'writer' | 'reader' | 'outsider' | 'nobody'

/** Frames over one WebSocket. */
export interface FrameAttack extends Described {
  readonly kind: 'frames'
  readonly as: Role
  readonly frames: (scene: Scene) => readonly (Uint8Array | string)[]
  /** What honest people must still see, beside all that is always asked. */
  readonly presenceStays?: boolean
  /** The attacker leaves the room in the course of it, and is answered nothing there any more. */
  readonly leaves?: boolean
}

/** A Yjs update, once as an edit and once as the answer of a handshake, by somebody who may write. */
export interface UpdateAttack extends Described {
  readonly kind: 'update'
  readonly update: (scene: Scene) => Uint8Array
}

/** Anything else that reaches the server's port; gives the code or status that came back, or undefined. */
export interface PortAttack extends Described {
  readonly kind: 'port'
  readonly run: (target: Target) => Promise<readonly string[]>
  /** Statuses of HTTP, or close codes of WebSockets, one of which must be among what came back. */
  readonly answers?: readonly (number | string)[]
}

export type Attack = FrameAttack | UpdateAttack | PortAttack

/** Ids of what attackers write, which honest people must not find where it was refused. */
export const ATTACKER = 666_000_001

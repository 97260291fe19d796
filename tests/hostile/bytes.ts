import * as encoding from 'lib0/encoding'

interface Bytes {
  readonly raw: Uint8Array
}

/** What goes out as it is, without a length that would stand before it. */
export type Raw = Bytes | { readonly parts: readonly Part[] }

/** What is written one after the other, lists in their order. */
export type Part = number | string | Uint8Array | Raw | readonly Part[]

/** Numbers as lib0's variable-length integers, strings and bytes with their length before them. */
export const pack = (...parts: readonly Part[]): Uint8Array =>
  encoding.encode((encoder) => write(encoder, parts))

function write(encoder: encoding.Encoder, part: Part): void {
  if (typeof part === 'number') encoding.writeVarUint(encoder, part)
  else if (typeof part === 'string') encoding.writeVarString(encoder, part)
  else if (part instanceof Uint8Array) encoding.writeVarUint8Array(encoder, part)
  else if ('raw' in part) encoding.writeUint8Array(encoder, part.raw)
  else for (const one of 'parts' in part ? part.parts : part) write(encoder, one)
}

export const raw = (...bytes: readonly number[]): Bytes => ({ raw: Uint8Array.from(bytes) })

/** Parts put together without a length of their own; written once, when all is put together. */
export const joined = (...parts: readonly Part[]): Raw => ({ parts })

/** The same again and again. `of` is told which one it is. */
export const times = (count: number, of: (index: number) => Part): Raw =>
  joined(Array.from({ length: count }, (_, index) => of(index)))

/** A variable-length integer without an end. */
export const ENDLESS = raw(...Array<number>(64).fill(255))

/** 2^53 − 1, the last number that a number can count to, and the first beyond it. */
export const LAST = Number.MAX_SAFE_INTEGER
export const BEYOND = raw(128, 128, 128, 128, 128, 128, 128, 16)

// Types of Hocuspocus frames.
export const SYNC = 0
export const AWARENESS = 1
export const AUTH = 2
export const QUERY_AWARENESS = 3
export const SYNC_REPLY = 4
export const STATELESS = 5
export const BROADCAST_STATELESS = 6
export const CLOSE = 7
export const SYNC_STATUS = 8
export const PING = 9
export const PONG = 10
// Kinds of sync messages.
export const STEP_1 = 0
export const STEP_2 = 1
export const UPDATE = 2

/** Each is an address (a room's name, perhaps with `\0` and a session id), a type and what belongs to it. */
export const frame = (address: string, type: number, ...parts: readonly Part[]): Uint8Array =>
  pack(address, type, ...parts)

/** Clients' awareness states, as they go round: id, clock, JSON. */
export type AwarenessEntry = readonly [client: number, clock: number, state: string]

export const awareness = (...entries: readonly AwarenessEntry[]): Uint8Array =>
  pack(entries.length, joined(entries))

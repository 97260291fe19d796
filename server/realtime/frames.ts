import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'

/**
 * The parts of the Hocuspocus protocol that are looked at before and after Hocuspocus itself: every frame is
 * an address (the room's name, with `\0` and a session id where the provider is session-aware), a type, and
 * what belongs to the type.
 */
const FrameType = { sync: 0, auth: 2, syncStatus: 8 } as const
export const SyncType = { step1: 0, step2: 1, update: 2 } as const

export interface SyncStep1 {
  readonly address: string
  readonly stateVector: Uint8Array
}

/** The frame as a SyncStep1, or undefined where it is anything else, a broken frame included. */
export function readSyncStep1(frame: Uint8Array): SyncStep1 | undefined {
  const decoder = decoding.createDecoder(frame)
  const typeAt = decoding.readVarUint(decoder) + decoder.pos
  if (frame[typeAt] !== FrameType.sync || frame[typeAt + 1] !== SyncType.step1) return undefined
  decoder.pos = 0
  try {
    const address = decoding.readVarString(decoder)
    decoder.pos += 2
    return { address, stateVector: decoding.readVarUint8Array(decoder) }
  } catch {
    return undefined // Hocuspocus refuses what cannot be read
  }
}

const PERMISSION_DENIED = 1

/** Why a frame denies a client its room, or undefined where it does not. */
export function readDenial(frame: Uint8Array): string | undefined {
  const at = typeAt(frame)
  if (frame[at] !== FrameType.auth || frame[at + 1] !== PERMISSION_DENIED) return undefined
  const decoder = decoding.createDecoder(frame)
  decoder.pos = at + 2
  return decoding.readVarString(decoder)
}

/** The longest address that is looked at, in bytes: a room's name of 200 characters, and a session id. */
const MAX_ADDRESS = 1_000

/** Whether a frame's address is one that a room can have; asked for every frame that comes in. */
export function isAddressed(frame: Uint8Array): boolean {
  const first = frame[0] ?? 0
  if (first < 0x80) return first > 0 && first < frame.length
  const second = frame[1] ?? 0
  const length = (first & 0x7f) + second * 0x80
  return second < 0x80 && length <= MAX_ADDRESS && length + 2 < frame.length
}

/** What a provider may add to the room's name to tell its sessions apart: a UUID, as a rule. */
export const SESSION_ID = /^[\x21-\x7e]{1,64}$/

/** The room's name, and the session where there is one. */
export const addressOf = (frame: Uint8Array): string => decoding.readVarString(decoding.createDecoder(frame))

/** Where a frame of ours has its type. Asked for every frame that goes out, so without a decoder. */
function typeAt(frame: Uint8Array): number {
  const first = frame[0] ?? 0
  // Two bytes of length reach 16,383, and the longest address that is ever answered is under a thousand.
  return first < 0x80 ? first + 1 : (first & 0x7f) + (frame[1] ?? 0) * 0x80 + 2
}

/** Whether the frame is a SyncStatus: "applied" (1), which clients take for "saved", or "refused" (0). */
export function isSyncStatus(frame: Uint8Array): boolean {
  // It ends with its type and a 0 or 1; what stands before them must be the address and nothing else.
  const last = frame.length - 1
  if ((frame[last] ?? 2) > 1 || frame[last - 1] !== FrameType.syncStatus) return false
  return typeAt(frame) === last - 1
}

/** Whether the frame brings a client all that it lacks of a document. */
export function isSyncStep2(frame: Uint8Array): boolean {
  const at = typeAt(frame)
  return frame[at] === FrameType.sync && frame[at + 1] === SyncType.step2
}

export function syncFrame(address: string, type: number, payload: Uint8Array): Uint8Array {
  return encoding.encode((encoder) => {
    encoding.writeVarString(encoder, address)
    encoding.writeVarUint(encoder, FrameType.sync)
    encoding.writeVarUint(encoder, type)
    encoding.writeVarUint8Array(encoder, payload)
  })
}

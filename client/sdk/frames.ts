import { createDecoder, readVarInt, readVarString, readVarUint } from 'lib0/decoding'

/**
 * The few frames that decide what is saved and where a session ends: `[address][0 or 4][0 step 1, 1 step 2,
 * 2 update]`, the server's answer `[address][8][1 or 0]`, a refused join `[address][2][1]` and the end of a
 * session `[address][7]`. Everything else is `other`.
 */
export interface Frame {
  readonly address: string
  readonly bytes: number
  readonly kind: 'step1' | 'step2' | 'update' | 'ack' | 'nack' | 'denied' | 'close' | 'other'
}

const SYNC = 0
const AUTH = 2
const SYNC_REPLY = 4
const CLOSE = 7
const SYNC_STATUS = 8
const PERMISSION_DENIED = 1
const SYNC_KINDS = ['step1', 'step2', 'update'] as const

/** `undefined` for what is not a room's frame: the one-byte pings, and text. */
export const readFrame = (data: unknown): Frame | undefined => {
  const bytes = bytesOf(data)
  if (bytes === undefined || bytes.length < 2) return undefined
  const decoder = createDecoder(bytes)
  try {
    const address = readVarString(decoder)
    const type = readVarUint(decoder)
    if (type === SYNC || type === SYNC_REPLY) {
      return { address, bytes: bytes.length, kind: SYNC_KINDS[readVarUint(decoder)] ?? 'other' }
    }
    if (type === SYNC_STATUS)
      return { address, bytes: bytes.length, kind: readVarInt(decoder) === 1 ? 'ack' : 'nack' }
    if (type === AUTH)
      return {
        address,
        bytes: bytes.length,
        kind: readVarUint(decoder) === PERMISSION_DENIED ? 'denied' : 'other',
      }
    return { address, bytes: bytes.length, kind: type === CLOSE ? 'close' : 'other' }
  } catch {
    // Not ours to judge: whoever reads the frame for its content reports it.
    return undefined
  }
}

const bytesOf = (data: unknown): Uint8Array | undefined => {
  if (data instanceof Uint8Array) return data
  if (data instanceof ArrayBuffer) return new Uint8Array(data)
  return undefined
}

/** FIN, and a binary message (RFC 6455, 5.2). */
const BINARY = 0x82
/** What stands for the length where it takes two bytes more. */
const TWO_BYTES = 126
/** Longer ones are not copied behind their header. */
export const LONGEST = 16 * 1024

let last: { readonly message: Uint8Array; readonly frame: Buffer } | undefined

/**
 * A binary message of up to `LONGEST` bytes as a server puts it on the wire: in one frame, not masked. The same message
 * again, as a room's readers are sent it one after another, is the same buffer.
 */
export function messageFrame(message: Uint8Array): Buffer {
  if (last?.message === message) return last.frame
  const { length } = message
  const header = length < TWO_BYTES ? 2 : 4
  const frame = Buffer.allocUnsafe(header + length)
  frame[0] = BINARY
  frame[1] = Math.min(length, TWO_BYTES)
  if (header === 4) frame.writeUInt16BE(length, 2)
  frame.set(message, header)
  last = { message, frame }
  return frame
}

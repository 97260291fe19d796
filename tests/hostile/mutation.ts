import type { Random } from '../documents/random-edit.ts'

const below = (random: Random, limit: number): number => Math.floor(random() * limit)

/** Bytes at which encodings turn: no more to come, the largest that is one byte, the smallest that is two, all bits. */
const TURNS = [0, 1, 0x7f, 0x80, 0xff]

/** The same bytes with one to three changes, of the kinds that find what a reader forgot. */
export function mutated(bytes: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  let result = Uint8Array.from(bytes)
  for (let changes = 1 + below(random, 3); changes > 0; changes -= 1) result = change(result, other, random)
  return result
}

function change(bytes: Uint8Array<ArrayBuffer>, other: Uint8Array, random: Random): Uint8Array<ArrayBuffer> {
  if (bytes.length === 0) return Uint8Array.of(below(random, 256))
  const at = below(random, bytes.length)
  const length = 1 + below(random, 8)
  const byte = bytes[at] ?? 0
  switch (below(random, 10)) {
    case 0:
    case 1:
      return bytes.with(at, byte ^ (1 << below(random, 8)))
    case 2:
    case 3:
      return bytes.with(at, byte + (random() < 0.5 ? 1 : -1))
    case 4:
      return bytes.with(at, TURNS[below(random, TURNS.length)] ?? 0)
    case 5: // a number becomes a larger one
      return spliced(bytes, at, 1, Uint8Array.of(byte | 0x80, 1 + below(random, 127)))
    case 6: // something is gone
      return spliced(bytes, at, length, new Uint8Array())
    case 7: // something comes twice
      return spliced(bytes, at, 0, bytes.subarray(at, at + length))
    case 8: // something of another one
      return spliced(bytes, at, length, other.subarray(below(random, other.length)).subarray(0, length))
    default:
      return bytes.slice(0, at)
  }
}

function spliced(bytes: Uint8Array, at: number, removed: number, added: Uint8Array): Uint8Array<ArrayBuffer> {
  const rest = bytes.subarray(at + removed)
  const result = new Uint8Array(at + added.length + rest.length)
  result.set(bytes.subarray(0, at))
  result.set(added, at)
  result.set(rest, at + added.length)
  return result
}

import { isUtf8 } from 'node:buffer'
import { SynclineError } from '../errors.ts'
import { LIMITS } from './update-limits.ts'

/** It cannot be read. */
export function malformed(detail: string): never {
  throw new SynclineError('update-malformed', detail)
}

/** It can be read, and would do harm. */
export function harmful(detail: string): never {
  throw new SynclineError('update-refused', detail)
}

/** Whether a value of JSON.parse is nested deeper than `depth` more levels. */
function deeper(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (Object.hasOwn(value, '__proto__')) harmful(PROTO)
  return depth === 0 || Object.values(value).some((inner) => deeper(inner, depth - 1))
}

/** Set as a key of an object it is its prototype, in whatever reads the document as JSON. */
const PROTO = 'a key is __proto__'

/** Reads lib0's encoding without making anything of it; whatever cannot be read is refused. */
export class UpdateReader {
  readonly #bytes: Uint8Array
  #asBuffer: Buffer | undefined
  position = 0
  /** Values read so far, those inside others included. */
  values = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  /** Made where a text is read, which in most keystrokes it is not. */
  get #buffer(): Buffer {
    const { buffer, byteOffset, length } = this.#bytes
    this.#asBuffer ??= Buffer.from(buffer, byteOffset, length)
    return this.#asBuffer
  }

  byte(): number {
    const value = this.#bytes[this.position]
    if (value === undefined) malformed('it ends too early')
    this.position += 1
    return value
  }

  uint(): number {
    const first = this.#bytes[this.position]
    if (first !== undefined && first < 0x80) {
      this.position += 1
      return first
    }
    return this.#longUint()
  }

  #longUint(): number {
    let value = 0
    let factor = 1
    for (;;) {
      const byte = this.byte()
      value += (byte & 0x7f) * factor
      if (value > Number.MAX_SAFE_INTEGER) malformed('a number is too large')
      if (byte < 0x80) return value
      factor *= 128
    }
  }

  /** lib0's signed integer: the first byte has a sign and six bits. */
  #int(): void {
    let byte = this.byte()
    let value = byte & 0x3f
    for (let factor = 64; byte >= 0x80; factor *= 128) {
      byte = this.byte()
      value += (byte & 0x7f) * factor
      if (value > Number.MAX_SAFE_INTEGER) malformed('a number is too large')
    }
  }

  /** How many things follow: each takes at least a byte, so a larger number is a lie, and costly to believe. */
  count(): number {
    const value = this.uint()
    if (value > this.#bytes.length - this.position) malformed('it ends too early')
    return value
  }

  /** The length of a run; Yjs never writes an empty one, and a document that holds one cannot be opened again. */
  length(): number {
    const value = this.uint()
    if (value === 0) malformed('a run is empty')
    return value
  }

  /** A run that has nothing in it but its length. */
  run(): number {
    const value = this.length()
    if (value > LIMITS.run) harmful('a run is too long')
    return value
  }

  skip(length: number): number {
    const start = this.position
    if (length > this.#bytes.length - start) malformed('it ends too early')
    this.position += length
    return start
  }

  /** Returns its length in UTF-16 code units, as JavaScript has it. */
  text(): number {
    const bytes = this.uint()
    const start = this.skip(bytes)
    const beyond = this.#beyondAscii(start)
    return beyond === undefined ? bytes : beyond - start + this.#utf8(beyond).length
  }

  /** The name of a key or of whatever else; where it stands, to be read by `textAt` when it matters. */
  name(): number {
    const at = this.position
    const length = this.text()
    if (length > LIMITS.name) harmful('a name is too long')
    if (length === 9 && this.#bytes[this.position - 9] === 95 && this.textAt(at) === '__proto__')
      harmful(PROTO)
    return at
  }

  /** The text that stands there. */
  textAt(position: number): string {
    const after = this.position
    this.position = position
    const length = this.uint()
    const text = this.#slice(this.skip(length))
    this.position = after
    return text
  }

  /** A value as JSON. `also` is what ContentJSON writes for an undefined one. */
  json(also?: string): void {
    this.values += 1
    const length = this.uint()
    const text = this.#slice(this.skip(length))
    if (text === also || text === 'true' || text === 'null') return // what most formats are
    let value: unknown
    try {
      value = JSON.parse(text)
    } catch {
      malformed('a value is not JSON')
    }
    if (deeper(value, LIMITS.valueDepth)) harmful('a value is nested too deeply')
  }

  /** From `start` to here; in most texts no byte needs a look at the next. */
  #slice(start: number): string {
    return this.#beyondAscii(start) === undefined
      ? this.#buffer.toString('latin1', start, this.position)
      : this.#utf8(start)
  }

  /** The first byte from `start` to here that is not ASCII. */
  #beyondAscii(start: number): number | undefined {
    for (let i = start; i < this.position; i += 1) if ((this.#bytes[i] ?? 0) >= 0x80) return i
    return undefined
  }

  #utf8(start: number): string {
    const bytes = this.#buffer.subarray(start, this.position)
    if (!isUtf8(bytes)) malformed('a text is not UTF-8')
    return bytes.toString()
  }

  /** lib0's `any`: a type byte counted down from 127. */
  any(depth: number): void {
    if (depth > LIMITS.valueDepth) harmful('a value is nested too deeply')
    this.values += 1
    switch (this.byte()) {
      case 127: // undefined
      case 126: // null
      case 121: // false
      case 120: // true
        return
      case 125: // integer
        this.#int()
        return
      case 124: // float32
        this.skip(4)
        return
      case 123: // float64
      case 122: // bigint
        this.skip(8)
        return
      case 119: // string
        this.text()
        return
      case 118: // object
        for (let fields = this.count(); fields > 0; fields -= 1) {
          this.name()
          this.any(depth + 1)
        }
        return
      case 117: // array
        for (let values = this.count(); values > 0; values -= 1) this.any(depth + 1)
        return
      case 116: // binary
        this.skip(this.uint())
        return
      default:
        malformed('a value is of a type that is not known')
    }
  }
}

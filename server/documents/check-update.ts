import { isUtf8 } from 'node:buffer'
import { SynclineError } from '../errors.ts'

/**
 * Whether bytes are a whole Yjs v1 update, checked in one pass before anything is applied. y-protocols
 * swallows the error of an update that cannot be read and Hocuspocus then acknowledges it, so what passes
 * here must be readable to the last byte.
 *
 * The encoding (yjs 13.6, UpdateEncoderV1): clients { structs }, then the delete set. All numbers are
 * lib0's variable-length unsigned integers.
 */
export function checkUpdate(update: Uint8Array): void {
  const reader = new Reader(update)
  for (let clients = reader.count(); clients > 0; clients -= 1) readStructs(reader)
  for (let clients = reader.count(); clients > 0; clients -= 1) {
    reader.uint()
    for (let ranges = reader.count(); ranges > 0; ranges -= 1) {
      const clock = reader.uint()
      advance(clock, reader.length())
    }
  }
  if (reader.position !== update.length) refuse('bytes follow its end')
}

/** The empty update: no structs, no deletions. */
export const isEmptyUpdate = (update: Uint8Array): boolean =>
  update.length === 2 && update[0] === 0 && update[1] === 0

// Bits of a struct's first byte, and the kinds of content that the lowest five of them name.
const HAS_ORIGIN = 0x80
const HAS_RIGHT_ORIGIN = 0x40
const HAS_PARENT_SUB = 0x20
const CONTENT = 0x1f
const GC = 0
const SKIP = 10
// Kinds of shared types.
const XML_ELEMENT = 3
const XML_HOOK = 5
const LAST_TYPE = 6
/** Nesting of what readAny reads; deeper values exhaust the stack of whoever reads them later. */
const MAX_DEPTH = 100

function readStructs(reader: Reader): void {
  const structs = reader.count()
  const client = reader.uint()
  let clock = reader.uint()
  for (let i = 0; i < structs; i += 1) {
    const info = reader.byte()
    const content = info & CONTENT
    if (content === GC || content === SKIP) clock = advance(clock, reader.length())
    else clock = advance(clock, readItem(reader, info, content, { client, clock }))
  }
}

interface Id {
  readonly client: number
  readonly clock: number
}

/** Returns its length in clock ticks. */
function readItem(reader: Reader, info: number, content: number, id: Id): number {
  if (info & HAS_ORIGIN) readEarlierId(reader, id)
  if (info & HAS_RIGHT_ORIGIN) readEarlierId(reader, id)
  if ((info & (HAS_ORIGIN | HAS_RIGHT_ORIGIN)) === 0) {
    if (reader.uint() === 1) reader.text()
    else readEarlierId(reader, id)
    if (info & HAS_PARENT_SUB) reader.text()
  }
  return readContent(reader, content)
}

/** Yjs looks for what a client says of its own items without asking whether they are there yet, and throws. */
function readEarlierId(reader: Reader, id: Id): void {
  const client = reader.uint()
  const clock = reader.uint()
  if (client === id.client && clock >= id.clock) refuse('an item builds on one that comes after it')
}

/** Past what a number holds, nobody could read the document again. */
function advance(clock: number, length: number): number {
  if (clock + length > Number.MAX_SAFE_INTEGER) refuse('a clock is too large')
  return clock + length
}

/** Returns its length in clock ticks. */
function readContent(reader: Reader, kind: number): number {
  switch (kind) {
    case 1: // deleted
      return reader.length()
    case 2: {
      // JSON, each value a string
      const count = reader.length()
      for (let i = 0; i < count; i += 1) reader.json('undefined')
      return count
    }
    case 3: // binary
      reader.skip(reader.uint())
      return 1
    case 4: {
      // string, measured as JavaScript does
      const length = reader.text()
      if (length === 0) refuse('a run is empty')
      return length
    }
    case 5: // embed
      reader.json()
      return 1
    case 6: // format: key, value
      reader.text()
      reader.json()
      return 1
    case 7: {
      // shared type; an XML element and an XML hook have a name
      const type = reader.uint()
      if (type > LAST_TYPE) refuse('it holds a shared type that is not known')
      if (type === XML_ELEMENT || type === XML_HOOK) reader.text()
      return 1
    }
    case 8: {
      // any
      const count = reader.length()
      for (let i = 0; i < count; i += 1) reader.any(0)
      return count
    }
    case 9:
      return refuse('it holds a subdocument')
    default:
      return refuse(`it holds content of kind ${kind}`)
  }
}

function refuse(detail: string): never {
  throw new SynclineError('update-malformed', detail)
}

/** Whether a value of JSON.parse is nested deeper than `depth` more levels. */
function deeper(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return depth === 0 || Object.values(value).some((inner) => deeper(inner, depth - 1))
}

class Reader {
  readonly #bytes: Uint8Array
  position = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  byte(): number {
    const value = this.#bytes[this.position]
    if (value === undefined) refuse('it ends too early')
    this.position += 1
    return value
  }

  uint(): number {
    let value = 0
    let factor = 1
    for (;;) {
      const byte = this.byte()
      value += (byte & 0x7f) * factor
      if (value > Number.MAX_SAFE_INTEGER) refuse('a number is too large')
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
      if (value > Number.MAX_SAFE_INTEGER) refuse('a number is too large')
    }
  }

  /** How many things follow: each takes at least a byte, so a larger number is a lie, and costly to believe. */
  count(): number {
    const value = this.uint()
    if (value > this.#bytes.length - this.position) refuse('it ends too early')
    return value
  }

  /** The length of a run; Yjs never writes an empty one, and a document that holds one cannot be opened again. */
  length(): number {
    const value = this.uint()
    if (value === 0) refuse('a run is empty')
    return value
  }

  skip(length: number): number {
    const start = this.position
    if (length > this.#bytes.length - start) refuse('it ends too early')
    this.position += length
    return start
  }

  /** Returns its length in UTF-16 code units, as JavaScript has it. */
  text(): number {
    const bytes = this.uint()
    const start = this.skip(bytes)
    for (let i = start; i < this.position; i += 1) {
      if ((this.#bytes[i] ?? 0) >= 0x80) return i - start + this.#utf8(i).length
    }
    return bytes
  }

  /** A value as JSON. `also` is what ContentJSON writes for an undefined one. */
  json(also?: string): void {
    const length = this.uint()
    const text = this.#utf8(this.skip(length))
    if (text === also) return
    let value: unknown
    try {
      value = JSON.parse(text)
    } catch {
      refuse('a value is not JSON')
    }
    if (deeper(value, MAX_DEPTH)) refuse('a value is nested too deeply')
  }

  /** From `start` to here. */
  #utf8(start: number): string {
    const bytes = this.#bytes.subarray(start, this.position)
    if (!isUtf8(bytes)) refuse('a text is not UTF-8')
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString()
  }

  /** lib0's `any`: a type byte counted down from 127. */
  any(depth: number): void {
    if (depth > MAX_DEPTH) refuse('a value is nested too deeply')
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
          this.text()
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
        refuse('a value is of a type that is not known')
    }
  }
}

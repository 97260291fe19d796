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
      reader.uint()
      if (reader.uint() === 0) refuse('a deleted range is empty')
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
/** Nesting of what readAny reads; deeper values exhaust the stack of whoever reads them later. */
const MAX_DEPTH = 100

function readStructs(reader: Reader): void {
  const structs = reader.count()
  reader.uint()
  reader.uint()
  for (let i = 0; i < structs; i += 1) {
    const info = reader.byte()
    const content = info & CONTENT
    if (content === GC || content === SKIP) reader.length()
    else readItem(reader, info, content)
  }
}

function readItem(reader: Reader, info: number, content: number): void {
  if (info & HAS_ORIGIN) reader.id()
  if (info & HAS_RIGHT_ORIGIN) reader.id()
  if ((info & (HAS_ORIGIN | HAS_RIGHT_ORIGIN)) === 0) {
    if (reader.uint() === 1) reader.text()
    else reader.id()
    if (info & HAS_PARENT_SUB) reader.text()
  }
  readContent(reader, content)
}

function readContent(reader: Reader, kind: number): void {
  switch (kind) {
    case 1: // deleted
      reader.length()
      return
    case 2: // JSON, each value a string
      for (let values = reader.length(); values > 0; values -= 1) reader.json()
      return
    case 3: // binary
      reader.skip(reader.uint())
      return
    case 4: // string
      if (reader.text() === 0) refuse('a run is empty')
      return
    case 5: // embed
      reader.json()
      return
    case 6: // format: key, value
      reader.text()
      reader.json()
      return
    case 7: // shared type; an XML element and an XML hook have a name
      switch (reader.uint()) {
        case 3:
        case 5:
          reader.text()
          return
        case 0:
        case 1:
        case 2:
        case 4:
        case 6:
          return
        default:
          refuse('it holds a shared type that is not known')
          return
      }
    case 8: // any
      for (let values = reader.length(); values > 0; values -= 1) reader.any(0)
      return
    case 9:
      refuse('it holds a subdocument')
      return
    default:
      refuse(`it holds content of kind ${kind}`)
  }
}

function refuse(detail: string): never {
  throw new SynclineError('update-malformed', detail)
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

  id(): void {
    this.uint()
    this.uint()
  }

  skip(length: number): number {
    const start = this.position
    if (length > this.#bytes.length - start) refuse('it ends too early')
    this.position += length
    return start
  }

  /** Returns the length in bytes. */
  text(): number {
    const length = this.uint()
    const start = this.skip(length)
    for (let i = start; i < this.position; i += 1) {
      if ((this.#bytes[i] ?? 0) < 0x80) continue
      if (!isUtf8(this.#bytes.subarray(i, this.position))) refuse('a text is not UTF-8')
      break
    }
    return length
  }

  json(): void {
    const length = this.uint()
    const start = this.skip(length)
    const text = Buffer.from(this.#bytes.buffer, this.#bytes.byteOffset + start, length).toString()
    if (text === 'undefined') return // what Yjs writes for an undefined value in ContentJSON
    try {
      JSON.parse(text)
    } catch {
      refuse('a value is not JSON')
    }
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
        while (this.byte() >= 0x80);
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

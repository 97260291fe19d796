import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'

/** What an item holds, by the number that the encoding gives it. */
export const Content = {
  gc: 0,
  deleted: 1,
  json: 2,
  binary: 3,
  text: 4,
  embed: 5,
  format: 6,
  type: 7,
  any: 8,
  document: 9,
  skip: 10,
} as const

/** One struct of an update: whose, which clocks, and where its bytes stand. */
export interface Struct {
  readonly client: number
  readonly clock: number
  readonly length: number
  /** One of `Content`. */
  readonly content: number
  /** UTF-16 code units of text; 0 for all else. */
  readonly text: number
  /** Whether that text has characters of two code units. */
  readonly wide: boolean
  /** Whether it is the value of a map's key. */
  readonly keyed: boolean
  readonly origin: Id | undefined
  readonly rightOrigin: Id | undefined
  /** Where it begins in the update, where what it holds does, and where it ends. */
  readonly start: number
  readonly payload: number
  readonly end: number
}

interface Id {
  readonly client: number
  readonly clock: number
}

export const sameId = (one: Id | undefined, other: Id | undefined): boolean =>
  one === other || (one?.client === other?.client && one?.clock === other?.clock)

/** Clocks `clock` up to `clock + length` of a client. */
export interface IdRange {
  readonly client: number
  readonly clock: number
  readonly length: number
}

const HAS_ORIGIN = 0x80
const HAS_RIGHT_ORIGIN = 0x40
const HAS_KEY = 0x20
const CONTENT = 0x1f
const XML_ELEMENT = 3
const XML_HOOK = 5

/**
 * Takes a Yjs v1 update apart without applying it. What the log holds has passed `checkUpdate`, so this only
 * makes sure that it stays within the bytes.
 * @throws where it cannot be read to its last byte
 */
export function readUpdate(update: Uint8Array): {
  readonly structs: readonly Struct[]
  readonly deleted: readonly IdRange[]
} {
  const decoder = decoding.createDecoder(update)
  const structs: Struct[] = []
  for (let clients = decoding.readVarUint(decoder); clients > 0; clients -= 1) readClient(decoder, structs)
  const deleted: IdRange[] = []
  for (let clients = decoding.readVarUint(decoder); clients > 0; clients -= 1) {
    const client = decoding.readVarUint(decoder)
    for (let ranges = decoding.readVarUint(decoder); ranges > 0; ranges -= 1) {
      const clock = decoding.readVarUint(decoder)
      deleted.push({ client, clock, length: decoding.readVarUint(decoder) })
    }
  }
  if (decoder.pos !== update.length) throw new RangeError('bytes follow the end of an update')
  return { structs, deleted }
}

function readClient(decoder: decoding.Decoder, structs: Struct[]): void {
  const count = decoding.readVarUint(decoder)
  const client = decoding.readVarUint(decoder)
  let clock = decoding.readVarUint(decoder)
  for (let i = 0; i < count; i += 1) {
    const struct = readStruct(decoder, client, clock)
    clock += struct.length
    structs.push(struct)
  }
}

function readStruct(decoder: decoding.Decoder, client: number, clock: number): Struct {
  const start = decoder.pos
  const info = decoding.readUint8(decoder)
  const content = info & CONTENT
  const bare = content === Content.gc || content === Content.skip
  const origin = !bare && info & HAS_ORIGIN ? readId(decoder) : undefined
  const rightOrigin = !bare && info & HAS_RIGHT_ORIGIN ? readId(decoder) : undefined
  if (!bare && origin === undefined && rightOrigin === undefined) skipParent(decoder, info)
  const payload = decoder.pos
  const { length, text, wide } = readContent(decoder, content)
  const keyed = !bare && (info & HAS_KEY) !== 0
  const end = decoder.pos
  return { client, clock, length, content, text, wide, keyed, origin, rightOrigin, start, payload, end }
}

function readId(decoder: decoding.Decoder): Id {
  const client = decoding.readVarUint(decoder)
  return { client, clock: decoding.readVarUint(decoder) }
}

function skipParent(decoder: decoding.Decoder, info: number): void {
  if (decoding.readVarUint(decoder) === 1) skipBytes(decoder)
  else readId(decoder)
  if (info & HAS_KEY) skipBytes(decoder)
}

interface Extent {
  readonly length: number
  readonly text: number
  readonly wide: boolean
}

const ONE: Extent = { length: 1, text: 0, wide: false }

function readContent(decoder: decoding.Decoder, content: number): Extent {
  switch (content) {
    case Content.gc:
    case Content.skip:
    case Content.deleted:
      return { ...ONE, length: decoding.readVarUint(decoder) }
    case Content.json:
      return repeat(decoder, skipBytes)
    case Content.any:
      return repeat(decoder, decoding.readAny)
    case Content.text:
      return readText(decoder)
    case Content.binary:
    case Content.embed:
      skipBytes(decoder)
      return ONE
    case Content.format:
      skipBytes(decoder)
      skipBytes(decoder)
      return ONE
    case Content.type: {
      const type = decoding.readVarUint(decoder)
      if (type === XML_ELEMENT || type === XML_HOOK) skipBytes(decoder)
      return ONE
    }
    case Content.document:
      skipBytes(decoder)
      decoding.readAny(decoder)
      return ONE
    default:
      throw new RangeError(`content of kind ${content} is not known`)
  }
}

function repeat(decoder: decoding.Decoder, read: (decoder: decoding.Decoder) => unknown): Extent {
  const length = decoding.readVarUint(decoder)
  for (let i = 0; i < length; i += 1) read(decoder)
  return { ...ONE, length }
}

function skipBytes(decoder: decoding.Decoder): void {
  const length = decoding.readVarUint(decoder)
  skipTo(decoder, decoder.pos + length)
}

/** A text's length as JavaScript has it, from its UTF-8. */
function readText(decoder: decoding.Decoder): Extent {
  const bytes = decoding.readVarUint(decoder)
  const start = decoder.pos
  skipTo(decoder, start + bytes)
  let length = 0
  let wide = false
  for (let i = start; i < decoder.pos; i += 1) {
    const byte = decoder.arr[i] ?? 0
    // A continuation byte counts nothing; the first of four bytes stands for a surrogate pair.
    if ((byte & 0xc0) === 0x80) continue
    length += byte >= 0xf0 ? 2 : 1
    if (byte >= 0xf0) wide = true
  }
  return { length, text: length, wide }
}

function skipTo(decoder: decoding.Decoder, position: number): void {
  if (position > decoder.arr.length) throw new RangeError('an update ends too early')
  decoder.pos = position
}

/** Writes a delete set; a client's ranges stand together and in the order of their clocks. */
export function writeDeletions(encoder: encoding.Encoder, deletions: Iterable<IdRange>): void {
  const clients = Map.groupBy(deletions, ({ client }) => client)
  encoding.writeVarUint(encoder, clients.size)
  for (const [client, ranges] of clients) {
    encoding.writeVarUint(encoder, client)
    encoding.writeVarUint(encoder, ranges.length)
    for (const { clock, length } of ranges) {
      encoding.writeVarUint(encoder, clock)
      encoding.writeVarUint(encoder, length)
    }
  }
}

/** An update that inserts nothing. */
export function deletionsOnly(deletions: Iterable<IdRange>): Uint8Array {
  const encoder = encoding.createEncoder()
  encoding.writeVarUint(encoder, 0)
  writeDeletions(encoder, deletions)
  return encoding.toUint8Array(encoder)
}

import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import { DOCUMENT_FIELDS } from '../../server/protocol.ts'

const STRING = 4
const HAS_ORIGIN = 0x80
const HAS_RIGHT_ORIGIN = 0x40
const HAS_PARENT_KEY = 0x20
const REF = 0x1f
const GC = 0
const DELETED = 1
const SKIP = 10

/** The update that Yjs makes when `client` types one character behind its previous one, without the cost of Yjs. */
export function typedCharacter(client: number, clock: number): Uint8Array {
  const encoder = encoding.createEncoder()
  encoding.writeVarUint(encoder, 1)
  encoding.writeVarUint(encoder, 1)
  encoding.writeVarUint(encoder, client)
  encoding.writeVarUint(encoder, clock)
  if (clock === 0) {
    encoding.writeUint8(encoder, STRING)
    encoding.writeVarUint(encoder, 1)
    encoding.writeVarString(encoder, DOCUMENT_FIELDS.code)
  } else {
    encoding.writeUint8(encoder, STRING | HAS_ORIGIN)
    encoding.writeVarUint(encoder, client)
    encoding.writeVarUint(encoder, clock - 1)
  }
  encoding.writeVarString(encoder, 'a')
  encoding.writeVarUint(encoder, 0)
  return encoding.toUint8Array(encoder)
}

/** Which characters of whom an update of such updates carries, however the server merged them. */
export function readTyped(
  update: Uint8Array,
  visit: (client: number, clock: number, length: number) => void,
): void {
  const decoder = decoding.createDecoder(update)
  const clients = decoding.readVarUint(decoder)
  for (let i = 0; i < clients; i += 1) {
    const structs = decoding.readVarUint(decoder)
    const client = decoding.readVarUint(decoder)
    let clock = decoding.readVarUint(decoder)
    for (let j = 0; j < structs; j += 1) {
      const info = decoding.readUint8(decoder)
      const length = readLength(decoder, info)
      if ((info & REF) === STRING) visit(client, clock, length)
      clock += length
    }
  }
}

function readLength(decoder: decoding.Decoder, info: number): number {
  const ref = info & REF
  if (ref === GC || ref === SKIP) return decoding.readVarUint(decoder)
  if (info & HAS_ORIGIN) readId(decoder)
  if (info & HAS_RIGHT_ORIGIN) readId(decoder)
  if ((info & (HAS_ORIGIN | HAS_RIGHT_ORIGIN)) === 0) {
    if (decoding.readVarUint(decoder) === 1) decoding.readVarString(decoder)
    else readId(decoder)
    if (info & HAS_PARENT_KEY) decoding.readVarString(decoder)
  }
  if (ref === DELETED) return decoding.readVarUint(decoder)
  if (ref === STRING) return decoding.readVarString(decoder).length
  throw new Error(`An update holds content ${ref}, which no client here types`)
}

function readId(decoder: decoding.Decoder): void {
  decoding.readVarUint(decoder)
  decoding.readVarUint(decoder)
}

import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import type { NewEntry, Seq } from '../log/entry.ts'
import type { Commit } from '../log/room-log.ts'

const VERSION = 2
/** Entries and the names of events among them. */
const EVENT = 1
const EDIT = 0

/** What other nodes are told of one room's commit. */
export type Told = Pick<Commit, 'lastSeq' | 'entries' | 'mark'>

/** A larger commit is told of by its position alone, and read from the log, in bytes. */
const MAX_BYTES = 1024 * 1024

export function encodeCommit({ lastSeq, entries, mark }: Told): Uint8Array {
  const size = entries.reduce((sum, { bytes }) => sum + bytes.length, 0)
  const encoder = encoding.createEncoder()
  encoding.writeVarUint(encoder, VERSION)
  encoding.writeVarUint(encoder, lastSeq)
  encoding.writeVarString(encoder, mark.lane)
  encoding.writeVarUint(encoder, mark.batch)
  for (const { actor, at, bytes, event } of size > MAX_BYTES ? [] : entries) {
    encoding.writeVarUint(encoder, event === undefined ? EDIT : EVENT)
    encoding.writeVarString(encoder, actor)
    encoding.writeVarUint(encoder, at)
    if (event !== undefined) {
      encoding.writeVarString(encoder, event.type)
      encoding.writeVarString(encoder, event.id)
    }
    encoding.writeVarUint8Array(encoder, bytes)
  }
  return encoding.toUint8Array(encoder)
}

/** `undefined` for what another version of the server tells in another way: it is read from the log. */
export function decodeCommit(body: Uint8Array): Told | undefined {
  const decoder = decoding.createDecoder(body)
  if (decoding.readVarUint(decoder) !== VERSION) return undefined
  const lastSeq: Seq = decoding.readVarUint(decoder)
  const mark = { lane: decoding.readVarString(decoder), batch: decoding.readVarUint(decoder) }
  const entries: NewEntry[] = []
  while (decoding.hasContent(decoder)) entries.push(readEntry(decoder))
  return { lastSeq, entries, mark }
}

function readEntry(decoder: decoding.Decoder): NewEntry {
  const kind = decoding.readVarUint(decoder)
  const actor = decoding.readVarString(decoder)
  const at = decoding.readVarUint(decoder)
  const event =
    kind === EVENT
      ? { type: decoding.readVarString(decoder), id: decoding.readVarString(decoder) }
      : undefined
  // What was received is a view of a message that holds more than this.
  const bytes = Uint8Array.from(decoding.readVarUint8Array(decoder))
  return { actor, at, bytes, ...(event && { event }) }
}

/**
 * How the frames of the sync protocol travel over HTTP, for networks that block WebSockets (docs/decisions/transports.md).
 * A body is records, one after the other: four bytes with the length of what follows, a byte with its type, and the
 * rest. Imports nothing, so that the browser can take it as it is.
 */

export const RecordType = {
  /** Down, first: the number of the next frame, as a double. */
  hello: 0,
  /** A frame of the protocol. Down they have numbers, 1, 2, 3 …, so that none is missed or taken twice. */
  frame: 1,
  /** Down: is anybody there? */
  ping: 2,
  /** The last one, either way: a WebSocket's close code in two bytes, and its reason. */
  close: 3,
} as const

/** Which session a request is about; one without it opens a session. */
export const SESSION_HEADER = 'syncline-session'
/** How many frames of the session have come so far. */
export const RECEIVED_HEADER = 'syncline-received'
/** The number of a batch of frames, 1, 2, 3 …: sent again it is not taken again. 0 where there are none. */
export const BATCH_HEADER = 'syncline-batch'
/** Asks for an answer that ends with the first frames, for networks that hold back what has not ended. */
export const POLL_HEADER = 'syncline-poll'

/** The most frames that one batch brings. */
export const BATCH_FRAMES = 1_000

export interface Record {
  readonly type: number
  readonly body: Uint8Array
}

export interface CloseDetails {
  readonly code: number
  readonly reason: string
}

const HEAD = 5

export function encodeRecord(type: number, body: Uint8Array = new Uint8Array()): Uint8Array {
  const bytes = new Uint8Array(HEAD + body.length)
  new DataView(bytes.buffer).setUint32(0, body.length + 1)
  bytes[HEAD - 1] = type
  bytes.set(body, HEAD)
  return bytes
}

export function encodeHello(next: number): Uint8Array {
  const body = new Uint8Array(8)
  new DataView(body.buffer).setFloat64(0, next)
  return encodeRecord(RecordType.hello, body)
}

export const readHello = (body: Uint8Array): number =>
  new DataView(body.buffer, body.byteOffset, body.byteLength).getFloat64(0)

export function encodeClose({ code, reason }: CloseDetails): Uint8Array {
  const text = new TextEncoder().encode(reason)
  const body = new Uint8Array(2 + text.length)
  new DataView(body.buffer).setUint16(0, code)
  body.set(text, 2)
  return encodeRecord(RecordType.close, body)
}

export const readClose = (body: Uint8Array): CloseDetails => ({
  code: body.length < 2 ? 1005 : new DataView(body.buffer, body.byteOffset).getUint16(0),
  reason: new TextDecoder().decode(body.subarray(2)),
})

/** Several records, as one body. */
export function joined(records: readonly Uint8Array[]): Uint8Array {
  const [only] = records
  if (only !== undefined && records.length === 1) return only
  const whole = new Uint8Array(records.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const record of records) {
    whole.set(record, at)
    at += record.length
  }
  return whole
}

/** Whether a body is one record and nothing else, as far as its length says. */
export const isOneRecord = (body: Uint8Array): boolean =>
  body.length >= HEAD &&
  new DataView(body.buffer, body.byteOffset, body.byteLength).getUint32(0) + 4 === body.length

/** Takes bytes as they come, and gives the records that are whole. */
export class RecordReader {
  /** What has come of a record that is not whole yet, and how much of it there must be before it is looked at again. */
  #chunks: Uint8Array[] = []
  #size = 0
  #needed = HEAD

  /** Whether nothing of a record has come that is not whole yet. */
  get empty(): boolean {
    return this.#size === 0
  }

  read(chunk: Uint8Array): readonly Record[] {
    this.#chunks.push(chunk)
    this.#size += chunk.length
    // A large record is put together once, not with each piece of it.
    if (this.#size < this.#needed) return []
    const bytes = joined(this.#chunks)
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const records: Record[] = []
    let at = 0
    this.#needed = HEAD
    while (bytes.length - at >= HEAD) {
      const end = at + 4 + view.getUint32(at)
      if (end > bytes.length) {
        this.#needed = end - at
        break
      }
      records.push({ type: bytes[at + 4] ?? 0, body: bytes.subarray(at + HEAD, Math.max(at + HEAD, end)) })
      at = Math.max(end, at + HEAD)
    }
    this.#size = bytes.length - at
    this.#chunks = this.#size === 0 ? [] : [bytes.subarray(at)]
    return records
  }
}

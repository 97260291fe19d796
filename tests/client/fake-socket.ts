import {
  createEncoder,
  toUint8Array,
  writeVarInt,
  writeVarString,
  writeVarUint,
  writeVarUint8Array,
} from 'lib0/encoding'

/** A WebSocket whose other end is the test. */
export class FakeSocket extends EventTarget {
  static readonly made: FakeSocket[] = []
  readonly OPEN = 1
  readonly sent: Uint8Array[] = []
  binaryType = 'blob'
  readyState = 0
  readonly url: string

  constructor(url: string) {
    super()
    this.url = url
    FakeSocket.made.push(this)
  }

  send(data: Uint8Array): void {
    this.sent.push(data)
  }

  close(): void {
    if (this.readyState === 3) return
    this.readyState = 3
    this.dispatchEvent(new CloseEvent('close', { code: 1006 }))
  }

  open(): void {
    this.readyState = 1
    this.dispatchEvent(new Event('open'))
  }

  receive(frame: Uint8Array): void {
    const data = frame.buffer.slice(frame.byteOffset, frame.byteOffset + frame.byteLength)
    this.dispatchEvent(new MessageEvent('message', { data }))
  }
}

const frame = (
  room: string,
  type: number,
  write: (encoder: ReturnType<typeof createEncoder>) => void,
): Uint8Array => {
  const encoder = createEncoder()
  writeVarString(encoder, room)
  writeVarUint(encoder, type)
  write(encoder)
  return toUint8Array(encoder)
}

export const authenticated = (room: string): Uint8Array =>
  frame(room, 2, (encoder) => {
    writeVarUint(encoder, 2)
    writeVarString(encoder, 'read-write')
  })

export const step1 = (room: string, stateVector: Uint8Array): Uint8Array =>
  frame(room, 0, (encoder) => {
    writeVarUint(encoder, 0)
    writeVarUint8Array(encoder, stateVector)
  })

/** Brings a document. */
export const step2 = (room: string, update: Uint8Array): Uint8Array =>
  frame(room, 0, (encoder) => {
    writeVarUint(encoder, 1)
    writeVarUint8Array(encoder, update)
  })

export const ack = (room: string): Uint8Array => frame(room, 8, (encoder) => writeVarInt(encoder, 1))

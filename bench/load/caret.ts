import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'

const AWARENESS = 1

/** The frame in which a client tells that its caret is elsewhere, as a Tiptap editor writes it: 270 bytes or so. */
export function movedCaret(name: Uint8Array, client: number, clock: number): Uint8Array {
  const place = { type: null, tname: 'default', item: { client, clock }, assoc: 0 }
  const state = {
    user: { id: `person-${client}`, name: `Person ${client}`, color: '#1971c2' },
    cursor: { anchor: place, head: place },
    away: false,
    device: 'desktop',
  }
  return encoding.encode((frame) => {
    encoding.writeUint8Array(frame, name)
    encoding.writeVarUint(frame, AWARENESS)
    encoding.writeVarUint8Array(
      frame,
      encoding.encode((update) => {
        for (const number of [1, client, clock]) encoding.writeVarUint(update, number)
        encoding.writeVarString(update, JSON.stringify(state))
      }),
    )
  })
}

/** Whose carets an awareness update tells of, and how often each had moved. */
export function readMoved(update: Uint8Array, visit: (client: number, clock: number) => void): void {
  const decoder = decoding.createDecoder(update)
  const clients = decoding.readVarUint(decoder)
  for (let i = 0; i < clients; i += 1) {
    const client = decoding.readVarUint(decoder)
    const clock = decoding.readVarUint(decoder)
    const length = decoding.readVarUint(decoder)
    decoder.pos += length
    visit(client, clock)
  }
}

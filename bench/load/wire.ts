import * as encoding from 'lib0/encoding'
import type { Dialect } from '../peer.ts'

const SYNC = 0
const AUTH = 2
const QUERY_AWARENESS = 3
const TOKEN = 0
const PROVIDER_VERSION = '4.8.0'

export const STEP_1 = 0
export const STEP_2 = 1
export const UPDATE = 2

/** How a dialect puts sync messages on the wire, for one room. */
export interface Wire {
  readonly url: string
  /** Bytes before the message type: in Hocuspocus, the room's name. */
  readonly offset: number
  /** Those bytes. */
  readonly name: Uint8Array
  hello(token: string): Uint8Array[]
  sync(step: number, payload: Uint8Array): Uint8Array
  /** What a peer has to hear now and then, or it ends the connection. */
  readonly alive?: Uint8Array
}

const NONE = new Uint8Array()
const EMPTY_STATE_VECTOR = new Uint8Array([0])

export function wireOf(dialect: Dialect, address: string, room: string): Wire {
  if (dialect === 'hocuspocus') return hocuspocus(address, room)
  const url = `${address}/${encodeURIComponent(room)}`
  if (dialect === 'relay')
    return { url, offset: 0, name: NONE, hello: () => [], sync: (_, payload) => payload }
  const sync = (step: number, payload: Uint8Array): Uint8Array => syncMessage(NONE, step, payload)
  return { url, offset: 0, name: NONE, hello: () => [sync(STEP_1, EMPTY_STATE_VECTOR)], sync }
}

function hocuspocus(url: string, room: string): Wire {
  const name = encoding.encode((encoder) => encoding.writeVarString(encoder, room))
  const sync = (step: number, payload: Uint8Array): Uint8Array => syncMessage(name, step, payload)
  const hello = (token: string): Uint8Array[] => [
    encoding.encode((encoder) => {
      encoding.writeUint8Array(encoder, name)
      encoding.writeVarUint(encoder, AUTH)
      encoding.writeVarUint(encoder, TOKEN)
      encoding.writeVarString(encoder, token)
      encoding.writeVarString(encoder, PROVIDER_VERSION)
    }),
    sync(STEP_1, EMPTY_STATE_VECTOR),
  ]
  const alive = encoding.encode((encoder) => {
    encoding.writeUint8Array(encoder, name)
    encoding.writeVarUint(encoder, QUERY_AWARENESS)
  })
  return { url, offset: name.length, name, hello, sync, alive }
}

const syncMessage = (prefix: Uint8Array, step: number, payload: Uint8Array): Uint8Array =>
  encoding.encode((encoder) => {
    encoding.writeUint8Array(encoder, prefix)
    encoding.writeVarUint(encoder, SYNC)
    encoding.writeVarUint(encoder, step)
    encoding.writeVarUint8Array(encoder, payload)
  })

import * as encoding from 'lib0/encoding'

/** The type of Hocuspocus' stateless messages. */
const STATELESS = 5

/** A stateless message without its address: the same for everybody who is told it. */
export function statelessBody(message: string): Uint8Array {
  const encoder = encoding.createEncoder()
  encoding.writeVarUint(encoder, STATELESS)
  encoding.writeVarString(encoder, message)
  return encoding.toUint8Array(encoder)
}

/** The frame of a body for a connection: frames begin with its address. */
export function addressed(address: string, body: Uint8Array): Uint8Array {
  const encoder = encoding.createEncoder()
  encoding.writeVarString(encoder, address)
  encoding.writeUint8Array(encoder, body)
  return encoding.toUint8Array(encoder)
}

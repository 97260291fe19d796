import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import { SynclineError } from '../errors.ts'

/**
 * The frames of presence, as y-protocols' awareness writes them: a client id, a clock and a state as JSON for
 * each client. All of it is read here, in one pass, so that none of it reaches Hocuspocus unread.
 */
const FrameType = { awareness: 1, queryAwareness: 3 } as const

/** How much is taken. */
export interface Bounds {
  /** In bytes. */
  readonly frame: number
  /** A state, in bytes. */
  readonly state: number
  /** Clocks count a client's changes. The highest is far from where numbers lose their precision. */
  readonly clock: number
}

/**
 * Of a client. Its frames: a laptop that wakes up says of everybody in the room that they are gone. Its states: a caret with
 * a name takes 300 bytes.
 */
const OF_CLIENT: Bounds = { frame: 64 * 1024, state: 8 * 1024, clock: 2 ** 31 }

/** What a frame says of one client. */
export interface ClientState {
  readonly id: number
  readonly clock: number
  /** JSON as it came, in bytes of its own; undefined says that the client has left. */
  readonly state: Uint8Array | undefined
}

/** A frame of presence, its body not read yet. */
export interface PresenceFrame {
  readonly address: string
  readonly asks: boolean
  readonly decoder: decoding.Decoder
}

/** The frame as one of presence, or undefined where it is another. Asked for every frame that comes in. */
export function readPresenceFrame(frame: Uint8Array): PresenceFrame | undefined {
  const decoder = decoding.createDecoder(frame)
  const addressLength = decoding.readVarUint(decoder)
  decoder.pos += addressLength
  // Numbers can be written longer than they need be, so the type is decoded like any.
  const type = decoding.readVarUint(decoder)
  if (type !== FrameType.awareness && type !== FrameType.queryAwareness) return undefined
  const bodyAt = decoder.pos
  decoder.pos = 0
  const address = decoding.readVarString(decoder)
  decoder.pos = bodyAt
  return { address, asks: type === FrameType.queryAwareness, decoder }
}

/** @throws SynclineError `awareness-invalid` */
export function readStates({ decoder }: PresenceFrame): readonly ClientState[] {
  requireSize(decoder, OF_CLIENT)
  return reading(() => {
    const length = decoding.readVarUint(decoder)
    if (length !== decoder.arr.length - decoder.pos) throw new SynclineError('awareness-invalid')
    const states = readAll(decoder)
    for (const state of states) requireBounds(state, OF_CLIENT)
    return states
  })
}

/**
 * What `encodeStates` has written; each of the states is still to be looked at by `requireBounds`.
 * @throws SynclineError `awareness-invalid`
 */
export function decodeStates(bytes: Uint8Array, bounds: Bounds): readonly ClientState[] {
  const decoder = decoding.createDecoder(bytes)
  requireSize(decoder, bounds)
  return reading(() => readAll(decoder))
}

/** @throws SynclineError `awareness-invalid` */
export function requireBounds({ clock, state }: ClientState, bounds: Bounds): void {
  if (clock > bounds.clock) throw new SynclineError('awareness-invalid', 'a clock is too large')
  if (state !== undefined && state.length > bounds.state)
    throw new SynclineError('awareness-invalid', 'a state is too large')
}

function requireSize({ arr }: decoding.Decoder, { frame }: Bounds): void {
  if (arr.length > frame) throw new SynclineError('awareness-invalid', 'it is too large')
}

function reading<Read>(read: () => Read): Read {
  try {
    return read()
  } catch (error) {
    if (error instanceof SynclineError) throw error
    throw new SynclineError('awareness-invalid', 'it ends too early', { cause: error })
  }
}

function readAll(decoder: decoding.Decoder): readonly ClientState[] {
  const states: ClientState[] = []
  // The count is a claim: it is the bytes that bound this.
  for (let left = decoding.readVarUint(decoder); left > 0; left -= 1) states.push(readState(decoder))
  if (decoding.hasContent(decoder)) throw new SynclineError('awareness-invalid', 'bytes follow its end')
  return states
}

function readState(decoder: decoding.Decoder): ClientState {
  const id = decoding.readVarUint(decoder)
  const clock = decoding.readVarUint(decoder)
  const state = decoding.readVarUint8Array(decoder)
  // A view would keep all that was read from the network with it.
  return { id, clock, state: isNull(state) ? undefined : state.slice() }
}

const isNull = (state: Uint8Array): boolean =>
  state.length === 4 && state[0] === 0x6e && state[1] === 0x75 && state[2] === 0x6c && state[3] === 0x6c

/** What others are told of one client; `json` of one who has left is `null`. */
export interface ToldState {
  readonly id: number
  readonly clock: number
  readonly json: string
}

export const encodeStates = (states: readonly ToldState[]): Uint8Array =>
  encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, states.length)
    for (const { id, clock, json } of states) {
      encoding.writeVarUint(encoder, id)
      encoding.writeVarUint(encoder, clock)
      encoding.writeVarString(encoder, json)
    }
  })

export const presenceFrame = (address: string, states: Uint8Array): Uint8Array =>
  encoding.encode((encoder) => {
    encoding.writeVarString(encoder, address)
    encoding.writeVarUint(encoder, FrameType.awareness)
    encoding.writeVarUint8Array(encoder, states)
  })

/** The frame that asks who is there. */
export const queryFrame = (address: string): Uint8Array =>
  encoding.encode((encoder) => {
    encoding.writeVarString(encoder, address)
    encoding.writeVarUint(encoder, FrameType.queryAwareness)
  })

import * as decoding from 'lib0/decoding'
import { encodeStates, presenceFrame } from '../../server/realtime/presence-frame.ts'

/** One client's entry in an awareness update; `json` may be anything at all. */
export interface Entry {
  readonly id: number
  readonly clock: number
  readonly json: string
}

/** The frame in which a client says these things, true or not. */
export const awarenessFrame = (room: string, ...entries: readonly Entry[]): Uint8Array =>
  presenceFrame(room, encodeStates(entries))

export const entry = (id: number, clock: number, state: unknown): Entry => ({
  id,
  clock,
  json: JSON.stringify(state),
})

/** What awareness updates say, in order. */
export const entriesIn = (updates: readonly Uint8Array[]): readonly Entry[] =>
  updates.flatMap((update) => {
    const decoder = decoding.createDecoder(update)
    return Array.from({ length: decoding.readVarUint(decoder) }, () => ({
      id: decoding.readVarUint(decoder),
      clock: decoding.readVarUint(decoder),
      json: decoding.readVarString(decoder),
    }))
  })

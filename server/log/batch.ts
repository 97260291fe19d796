import type { NewEntry } from './entry.ts'
import type { RoomLog } from './room-log.ts'

/** The entries of some rooms that are written together; a room stands in it once. */
export type Batch = readonly { readonly room: RoomLog; readonly entries: readonly NewEntry[] }[]

/**
 * The parameters $3 … $12 of the commit statement. All bytes travel as one binary parameter that Postgres
 * cuts up: as an array they would be written out in hexadecimal, at about twice the processor time.
 */
export function batchParameters(batch: Batch): readonly unknown[] {
  const rooms: number[] = []
  const counts: number[] = []
  const room: number[] = []
  const at: number[] = []
  const ordinal: number[] = []
  const actor: number[] = []
  const start: number[] = []
  const length: number[] = []
  const bytes: Uint8Array[] = []
  const actors = new Map<string, number>()
  let offset = 1
  for (const part of batch) {
    rooms.push(part.room.id)
    counts.push(part.entries.length)
    part.entries.forEach((entry, index) => {
      let number = actors.get(entry.actor)
      if (number === undefined) {
        number = actors.size + 1
        actors.set(entry.actor, number)
      }
      room.push(part.room.id)
      at.push(entry.at)
      ordinal.push(index + 1)
      actor.push(number)
      start.push(offset)
      length.push(entry.bytes.length)
      bytes.push(entry.bytes)
      offset += entry.bytes.length
    })
  }
  return [
    array(rooms),
    array(counts),
    array(room),
    array(at),
    array(ordinal),
    array(actor),
    Buffer.concat(bytes),
    [...actors.keys()],
    array(start),
    array(length),
  ]
}

/** node-postgres quotes each element of an array on its own; numbers need none of it. */
const array = (numbers: readonly number[]): string => `{${numbers.join(',')}}`

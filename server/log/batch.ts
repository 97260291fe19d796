import { numberArray, textArray } from '../storage/arrays.ts'
import type { Parameter } from '../storage/prepared.ts'
import type { NewEntry } from './entry.ts'
import type { RoomLog } from './room-log.ts'

/** The entries of some rooms that are written together; a room stands in it once. */
export type Batch = readonly { readonly room: RoomLog; readonly entries: readonly NewEntry[] }[]

/** Whether there are events in it, whose ids have to be looked up. */
export const hasEvents = (batch: Batch): boolean =>
  batch.some(({ entries }) => entries.some(({ event }) => event !== undefined))

/** The parameters $13 … $15: every entry's type and id, null for an edit, and whether it is followed. */
export function eventParameters(batch: Batch): readonly Parameter[] {
  const entries = batch.flatMap((part) => part.entries)
  return [
    textArray(entries.map(({ event }) => event?.type)),
    textArray(entries.map(({ event }) => event?.id)),
    textArray(entries.map(({ event }) => String(event?.followed ?? false))),
  ]
}

/** How far each room is known to be, in one more parameter. */
export const knownOf = (batch: Batch): Parameter => numberArray(batch.map(({ room }) => room.known))

/**
 * The parameters $3 … $12 of the commit statement. All bytes travel as one binary parameter that Postgres
 * cuts up: as an array they would be written out in hexadecimal, at about twice the processor time.
 */
export function batchParameters(batch: Batch): readonly Parameter[] {
  const rooms: number[] = []
  const counts: number[] = []
  const ofRoom: number[] = []
  const at: number[] = []
  const places: number[] = []
  const ofActor: number[] = []
  const starts: number[] = []
  const lengths: number[] = []
  const bytes: Uint8Array[] = []
  const actors = new Map<string, number>()
  let start = 1
  for (const { room, entries } of batch) {
    rooms.push(room.id)
    counts.push(entries.length)
    entries.forEach((entry, index) => {
      let actor = actors.get(entry.actor)
      if (actor === undefined) {
        actor = actors.size + 1
        actors.set(entry.actor, actor)
      }
      ofRoom.push(rooms.length)
      at.push(entry.at)
      places.push(index + 1)
      ofActor.push(actor)
      starts.push(start)
      lengths.push(entry.bytes.length)
      bytes.push(entry.bytes)
      start += entry.bytes.length
    })
  }
  const numbers = [rooms, counts, ofRoom, at, places, ofActor, starts, lengths].map(numberArray)
  return [...numbers, Buffer.concat(bytes), textArray([...actors.keys()])]
}

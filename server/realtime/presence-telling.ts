import type { Connection, Document } from '@hocuspocus/server'
import { encodeStates, presenceFrame, type ToldState } from './presence-frame.ts'
import type { PresenceIds } from './presence-ids.ts'
import type { Seat } from './presence-seat.ts'

/**
 * Sends to all connections of the document; returns how many bytes it took.
 * @param shared `told`, encoded
 */
export function tellConnections(
  document: Document,
  ids: PresenceIds,
  told: readonly ToldState[],
  shared: Uint8Array,
): number {
  const owners = ownersOf(ids, told)
  let frame: { readonly address: string; readonly bytes: Uint8Array } | undefined
  let sent = 0
  for (const connection of document.getConnections()) {
    const address = connection.messageAddress
    const seat = owners.get(connection)
    if (seat !== undefined) {
      connection.send(presenceFrame(address, encodeStates(asOwn(ids, seat, told))))
    } else {
      if (frame?.address !== address) frame = { address, bytes: presenceFrame(address, shared) }
      connection.send(frame.bytes)
    }
    sent += shared.length
  }
  return sent
}

/** All who are there, as it was told last. */
export const everybodyIn = ({ awareness: { states, meta } }: Document): readonly ToldState[] =>
  [...states].map(([id, state]) => ({ id, clock: meta.get(id)?.clock ?? 0, json: JSON.stringify(state) }))

/** What is told, with the connection's own clocks for what is its own. */
export const asOwn = (ids: PresenceIds, seat: Seat, told: readonly ToldState[]): readonly ToldState[] =>
  told.map((state) => {
    const holder = ids.get(state.id)
    return holder?.seat === seat ? { ...state, clock: state.clock - holder.shift } : state
  })

/** Those whose clocks were shifted: their own state must come back to them as they sent it, or it would overwrite what they have set since. */
function ownersOf(ids: PresenceIds, told: readonly ToldState[]): ReadonlyMap<Connection, Seat> {
  const owners = new Map<Connection, Seat>()
  for (const { id } of told) {
    const holder = ids.get(id)
    if (holder === undefined || holder.shift === 0) continue
    const { seat } = holder
    if (seat.connection !== undefined) owners.set(seat.connection, seat)
  }
  return owners
}

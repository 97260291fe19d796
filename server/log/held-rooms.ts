import { SynclineError } from '../errors.ts'
import type { RoomId } from './entry.ts'
import type { End, RoomLog } from './room-log.ts'
import type { RoomRow } from './rooms.ts'
import { tellAll } from './tell-all.ts'

/** A room of which entries were taken and are not committed. */
export interface Unsaved {
  readonly room: string
  readonly entries: number
}

interface Held {
  readonly name: string
  readonly room: RoomLog
  holders: number
}

/** Every room that somebody here holds: one queue a room, so that its edits and events have one order. */
export class HeldRooms {
  readonly #held = new Map<RoomId, Held>()
  /** For each room that is being looked up: the rooms that nobody holds any more since then. */
  readonly #lookups = new Set<Set<RoomId>>()

  get all(): readonly RoomLog[] {
    return [...this.#held.values()].map(({ room }) => room)
  }

  get(room: RoomId): RoomLog | undefined {
    return this.#held.get(room)?.room
  }

  /** A room that is about to be held. */
  add(name: string, room: RoomLog): void {
    this.#held.set(room.id, { name, room, holders: 0 })
  }

  /** Holds a room that is here once more; returns what lets it go. */
  hold(room: RoomLog): () => void {
    if (room.ended === 'storage-unavailable') throw new SynclineError(room.ended)
    const held = this.#held.get(room.id)
    if (held?.room !== room) throw new Error('nobody holds this room')
    held.holders += 1
    let released = false
    return () => {
      if (!released) this.#release(held)
      released = true
    }
  }

  /** A room that was held and let go while its row was read may have gone on since: its row is read again. */
  async lookUp(find: () => Promise<RoomRow | undefined>): Promise<RoomRow | undefined> {
    const closed = new Set<RoomId>()
    this.#lookups.add(closed)
    try {
      let row = await find()
      while (row !== undefined && closed.delete(row.id)) row = await find()
      return row
    } finally {
      this.#lookups.delete(closed)
    }
  }

  unsaved(): readonly Unsaved[] {
    return [...this.#held.values()]
      .filter(({ room }) => room.pending)
      .map(({ name, room }) => ({ room: name, entries: room.appended - room.committed }))
  }

  /** Whoever holds a room is told; whoever opens it from now on gets it as it is in the database. */
  endAll(end: End): void {
    const rooms = this.all
    for (const room of rooms) this.#forget(room)
    tellAll(rooms, (room) => {
      room.end(end)
      room.close()
    })
  }

  #release(held: Held): void {
    held.holders -= 1
    if (held.holders > 0) return
    // What waits still goes out in this room's order: whoever opens it meanwhile joins the same queue.
    void held.room.settled().then(() => {
      const { id, pending } = held.room
      // Others may have held it since, and let go: what they handed in is waited for by their own release.
      if (held.holders > 0 || pending || this.#held.get(id) !== held) return
      this.#forget(held.room)
      held.room.close()
    })
  }

  #forget({ id }: RoomLog): void {
    this.#held.delete(id)
    for (const closed of this.#lookups) closed.add(id)
  }
}

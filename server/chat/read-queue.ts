import type { Seq } from '../log/entry.ts'

type Store = (room: string, user: string, seq: Seq) => Promise<Seq>

interface Waiting {
  seq: Seq
  readonly stored: PromiseWithResolvers<Seq>
}

/**
 * How far people have read, on its way to the database: one room of a person at a time, and of each room that waits the
 * furthest position. However often somebody says it, others have the rest of the connections.
 */
export class ReadQueue {
  readonly #store: Store
  /** Of each person of whom something is being stored: the rooms that wait. */
  readonly #people = new Map<string, Map<string, Waiting>>()

  constructor(store: Store) {
    this.#store = store
  }

  /** Resolves with where they are then. */
  move(room: string, user: string, seq: Seq): Promise<Seq> {
    const rooms = this.#people.get(user)
    const before = rooms?.get(room)
    if (before !== undefined) {
      before.seq = Math.max(before.seq, seq)
      return before.stored.promise
    }
    const waiting: Waiting = { seq, stored: Promise.withResolvers<Seq>() }
    if (rooms !== undefined) rooms.set(room, waiting)
    else void this.#storeAll(user, new Map([[room, waiting]]))
    return waiting.stored.promise
  }

  async #storeAll(user: string, rooms: Map<string, Waiting>): Promise<void> {
    this.#people.set(user, rooms)
    for (const [room, { seq, stored }] of rooms) {
      rooms.delete(room)
      await this.#store(room, user, seq).then(stored.resolve, stored.reject)
    }
    this.#people.delete(user)
  }
}

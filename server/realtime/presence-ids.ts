import { SynclineError } from '../errors.ts'
import type { Seat } from './presence-seat.ts'

/** Ids kept in mind after their clients have left, and for how long at least, in ms. */
const MAX_LEFT = 2_000
const KEPT = 1_000

/** A client id that is present. */
export interface Holder {
  readonly id: number
  /** Who had it first in this room: nobody else keeps it from them. */
  readonly first: string
  seat: Seat
  /** The client's own count of its changes. */
  clock: number
  /**
   * What is added to it for the others. A client that returns counts on from where it was, but what its
   * former connection left them with, that it has left, stands at the same count; they would not see it
   * until it changes.
   */
  shift: number
}

interface Left {
  readonly first: string
  readonly at: number
}

/** Whose each client id of a room is. */
export class PresenceIds {
  readonly #present = new Map<number, Holder>()
  readonly #left = new Map<number, Left>()

  get(id: number): Holder | undefined {
    return this.#present.get(id)
  }

  /**
   * Gives the id to the connection: it is free, or another connection of the same person had it (a
   * reconnect comes before its former connection is known to be gone), or it was theirs first.
   * @throws SynclineError `awareness-invalid` where it is somebody else's
   */
  claim(id: number, seat: Seat): Holder {
    const before = this.#present.get(id)
    const first = before?.first ?? this.#left.get(id)?.first ?? seat.user
    if (before !== undefined && before.seat.user !== seat.user && first !== seat.user) {
      throw new SynclineError('awareness-invalid', 'it speaks for somebody else')
    }
    seat.take(id)
    before?.seat.ids.delete(id)
    before?.seat.said.delete(id)
    this.#left.delete(id)
    const holder: Holder = { id, first, seat, clock: -1, shift: 0 }
    this.#present.set(id, holder)
    return holder
  }

  leave(id: number): void {
    const holder = this.#present.get(id)
    if (holder === undefined) return
    this.#present.delete(id)
    this.#left.set(id, { first: holder.first, at: Date.now() })
  }

  /** Forgets the ids that left longest ago, and says which. */
  *forget(): Generator<number> {
    const before = Date.now() - KEPT
    for (const [id, { at }] of this.#left) {
      if (this.#left.size <= MAX_LEFT || at > before) return
      this.#left.delete(id)
      yield id
    }
  }
}

import { SynclineError } from '../errors.ts'
import type { NodeSeat } from './presence-nodes.ts'
import type { Seat } from './presence-seat.ts'

/** Ids kept in mind after their clients have left, and for how long at least, in ms. */
const MAX_LEFT = 2_000
const KEPT = 1_000

/** Whoever speaks in a room: a connection, or another node for all of its own. */
export type Speaker = Seat | NodeSeat

/** A client id that is present. */
export interface Holder {
  readonly id: number
  /** Who had it first in this room: nobody else keeps it from them. */
  readonly first: string
  readonly user: string
  readonly seat: Speaker
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

/** The clock under which the nodes know what was said last. */
export const clockAmongNodes = ({ seat, clock, shift }: Holder): number =>
  seat.connection === undefined ? clock : clock + shift

/** Whether a holder says nothing new. */
export const isStale = (
  said: { readonly clock: number; readonly state: unknown },
  { clock }: Holder,
): boolean => said.clock < clock || (said.clock === clock && said.state !== undefined)

/** Whose each client id of a room is. */
export class PresenceIds {
  readonly #present = new Map<number, Holder>()
  readonly #left = new Map<number, Left>()

  get(id: number): Holder | undefined {
    return this.#present.get(id)
  }

  /**
   * Gives the id to whoever speaks for that person: it is free, or another connection of the same person had it (a
   * reconnect comes before its former connection is known to be gone), or it was theirs first.
   * @throws SynclineError `awareness-invalid` where it is somebody else's
   */
  claim(id: number, seat: Speaker, user: string): Holder {
    const before = this.#present.get(id)
    const first = before?.first ?? this.#left.get(id)?.first ?? user
    if (before !== undefined && before.user !== user && first !== user) {
      throw new SynclineError('awareness-invalid', 'it speaks for somebody else')
    }
    seat.take(id)
    before?.seat.ids.delete(id)
    before?.seat.said.delete(id)
    this.#left.delete(id)
    const holder: Holder = { id, first, user, seat, clock: -1, shift: 0 }
    this.#present.set(id, holder)
    return holder
  }

  leave(id: number): void {
    const holder = this.#present.get(id)
    if (holder === undefined) return
    this.#present.delete(id)
    holder.seat.ids.delete(id)
    holder.seat.said.delete(id)
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

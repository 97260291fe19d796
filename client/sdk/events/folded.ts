import type { Room } from '../room.ts'
import type { EventOf } from './payloads.ts'

/** State that is made of all of a room's events. */
export interface Fold<State> {
  readonly empty: State
  /** The state after these events, which follow those that made `state`: the same where they change nothing. */
  readonly fold: (state: State, events: readonly EventOf[]) => State
}

/**
 * What a fold makes of a room's events, for all who want to know it: made once, kept up to date while somebody
 * listens, and taken up where it was left when somebody listens again.
 */
export class Folded<State> {
  readonly #room: Room
  readonly #fold: Fold<State>
  readonly #listeners = new Set<() => void>()
  #state: State
  #seq = 0
  #stop = (): void => {}

  constructor(room: Room, fold: Fold<State>) {
    this.#room = room
    this.#fold = fold
    this.#state = fold.empty
  }

  /** The same until an event changes it. */
  getState = (): State => this.#state

  subscribe = (listener: () => void): (() => void) => {
    if (this.#listeners.size === 0) this.#start()
    this.#listeners.add(listener)
    return () => {
      if (this.#listeners.delete(listener) && this.#listeners.size === 0) this.#stop()
    }
  }

  #start(): void {
    this.#stop = this.#room.listen(
      {
        events: (events) => this.#take(events.at(-1)?.seq ?? this.#seq, this.#fold.fold(this.#state, events)),
        reset: (after) => this.#take(after, this.#fold.empty),
      },
      this.#seq,
    )
  }

  #take(seq: number, state: State): void {
    this.#seq = seq
    if (state === this.#state) return
    this.#state = state
    for (const listener of [...this.#listeners]) listener()
  }
}

const known = new WeakMap<Room, Map<unknown, unknown>>()

/** What this fold makes of this room's events. Everybody who asks for the same gets the same. */
export const folded = <State>(room: Room, fold: Fold<State>): Folded<State> => {
  const ofRoom = known.get(room) ?? new Map<unknown, unknown>()
  known.set(room, ofRoom)
  const before = ofRoom.get(fold)
  // What stands under a fold was made of that fold.
  if (before !== undefined) return before as Folded<State>
  const made = new Folded(room, fold)
  ofRoom.set(fold, made)
  return made
}

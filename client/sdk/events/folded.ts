import { guarded } from '../guarded.ts'
import type { Room } from '../room.ts'
import type { Refusal } from '../state.ts'
import type { EventOf } from './payloads.ts'

/** State that is made of all of a room's events. */
export interface Fold<State> {
  readonly empty: State
  /** The state after these events, which follow those that made `state`: the same where they change nothing. */
  readonly fold: (state: State, events: readonly EventOf[]) => State
}

/** How far what is told of a room's events has come. */
export interface Told {
  /** All that the room keeps has been told: what is not there by now is not loading any more. */
  readonly caughtUp: boolean
  /** Why nothing is told. */
  readonly refusal: Refusal | undefined
  /** Events up to here are not kept any more: what would have been made of them is missing. */
  readonly droppedUpTo: number | undefined
}

export const NOTHING_TOLD: Told = { caughtUp: false, refusal: undefined, droppedUpTo: undefined }

/**
 * What a fold makes of a room's events, for all who want to know it: made once, kept up to date while somebody
 * listens, and taken up where it was left when somebody listens again.
 */
export class Folded<State> {
  readonly #room: Room
  readonly #fold: Fold<State>
  readonly #listeners = new Set<() => void>()
  #state: State
  #told = NOTHING_TOLD
  #seq = 0
  #stop = (): void => {}

  constructor(room: Room, fold: Fold<State>) {
    this.#room = room
    this.#fold = fold
    this.#state = fold.empty
  }

  /** The same until an event changes it. */
  getState = (): State => this.#state

  /** The same until something in it changes. */
  getTold = (): Told => this.#told

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
        events: (events) => this.#take(events.at(-1)?.seq ?? this.#seq, this.#after(events)),
        reset: (after) => {
          this.#told = { ...this.#told, caughtUp: false, droppedUpTo: after === 0 ? undefined : after }
          this.#seq = after
          this.#state = this.#fold.empty
          this.#notify()
        },
        caughtUp: () => this.#tell({ ...this.#told, caughtUp: true, refusal: undefined }),
        refused: (refusal) => this.#tell({ ...this.#told, refusal }),
      },
      this.#seq,
    )
  }

  /** A fold that fails at one event is not to lose those that came with it. */
  #after(events: readonly EventOf[]): State {
    try {
      return this.#fold.fold(this.#state, events)
    } catch {
      let state = this.#state
      for (const event of events) {
        guarded(() => {
          state = this.#fold.fold(state, [event])
        })
      }
      return state
    }
  }

  #take(seq: number, state: State): void {
    this.#seq = seq
    if (state === this.#state) return
    this.#state = state
    this.#notify()
  }

  #tell(told: Told): void {
    this.#told = told
    this.#notify()
  }

  #notify(): void {
    for (const listener of [...this.#listeners]) guarded(listener)
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

/** Work on rooms, one at a time in each: two edits that were made for the same state would both bring the same. */
export class RoomTurns {
  readonly #turns = new Map<string, Promise<void>>()

  take<Result>(room: string, act: () => Promise<Result>): Promise<Result> {
    const before = this.#turns.get(room) ?? Promise.resolve()
    const done = before.then(act)
    // Whoever asked is told how it ended; the next one is not concerned.
    const turn = done.then(
      () => undefined,
      () => undefined,
    )
    this.#turns.set(room, turn)
    void turn.then(() => {
      if (this.#turns.get(room) === turn) this.#turns.delete(room)
    })
    return done
  }
}

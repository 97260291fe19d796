import type { Seq } from '../../log/entry.ts'
import type { PlannedRestore, RestorePlan } from '../compare/compare.ts'
import type { AskTarget } from '../history.ts'

export interface RestoresOptions {
  readonly plan: (room: string, ask: AskTarget) => Promise<PlannedRestore>
  /** Remembers that this is going to be restored under that client id, for plans of the same. */
  readonly remember: (room: string, plan: RestorePlan) => Promise<void>
  /** Applies a Yjs update to the live room as this person; resolves with its seq when it is committed. */
  readonly apply: (room: string, user: string, update: Uint8Array) => Promise<Seq>
  /** Keeps a position in the list of versions, as one before or after a restore; once, however often it is asked. */
  readonly keepVersion: (room: string, user: string, seq: Seq) => Promise<void>
}

/** What a restore did: the edit's seq, whose version is the one after it, and that of the version kept before. */
export interface Restored {
  readonly seq: Seq
  readonly before: Seq
}

/** Restores rooms, forward only: each is an edit like any other, and nothing that was is ever lost. */
export class Restores {
  readonly #options: RestoresOptions
  /** One at a time in a room: two that began from the same state would both bring back the same. */
  readonly #turns = new Map<string, Promise<void>>()

  constructor(options: RestoresOptions) {
    this.#options = options
  }

  /** What a restore would do now. */
  preview(room: string, ask: AskTarget): Promise<PlannedRestore> {
    return this.#options.plan(room, ask)
  }

  /**
   * Resolves when the restore is committed, with what it did or, where the same was restored before and still stands,
   * with what that did; undefined where nothing was to be changed.
   * @throws SynclineError `restore-invalid`, and whatever reading the room's past and editing it throw
   */
  restore(room: string, user: string, ask: AskTarget): Promise<Restored | undefined> {
    const before = this.#turns.get(room) ?? Promise.resolve()
    const restored = before.then(() => this.#restore(room, user, ask))
    // Whoever asked is told how it ended; the next one is not concerned.
    const turn = restored.then(
      () => undefined,
      () => undefined,
    )
    this.#turns.set(room, turn)
    void turn.then(() => {
      if (this.#turns.get(room) === turn) this.#turns.delete(room)
    })
    return restored
  }

  async #restore(room: string, user: string, ask: AskTarget): Promise<Restored | undefined> {
    const { remember, apply, keepVersion } = this.#options
    const { head, update, plan } = await this.#options.plan(room, ask)
    if (update === undefined) {
      const { done } = plan
      if (done === undefined) return undefined
      // Who was told of an error after the edit was committed asks again: what is missing then is this.
      await keepVersion(room, user, done)
      return { seq: done, before: done - 1 }
    }
    await keepVersion(room, user, head)
    await remember(room, plan)
    const seq = await apply(room, user, update)
    await keepVersion(room, user, seq)
    return { seq, before: head }
  }
}

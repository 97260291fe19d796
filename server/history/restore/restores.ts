import type { Seq } from '../../log/entry.ts'
import type { At } from '../history.ts'
import type { RestoreTarget } from './target.ts'

/** Says what is to be restored, given what finds the seq of a position. */
export type AskTarget = (seqOf: (at: At) => Promise<Seq>) => Promise<RestoreTarget>

export interface RestoresOptions {
  /** What the restore would do, on the room as it is at `head`; without `update` nothing. */
  readonly plan: (
    room: string,
    ask: AskTarget,
  ) => Promise<{ readonly head: Seq; readonly update?: Uint8Array }>
  /** Applies a Yjs update to the live room as this person; resolves with its seq when it is committed. */
  readonly apply: (room: string, user: string, update: Uint8Array) => Promise<Seq>
  /** Keeps a position in the list of versions, as one before or after a restore. */
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

  /**
   * Resolves when the restore is committed; undefined where nothing was to be changed.
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
    const { plan, apply, keepVersion } = this.#options
    const { head, update } = await plan(room, ask)
    if (update === undefined) return undefined
    await keepVersion(room, user, head)
    const seq = await apply(room, user, update)
    await keepVersion(room, user, seq)
    return { seq, before: head }
  }
}

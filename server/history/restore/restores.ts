import type { Seq } from '../../log/entry.ts'
import type { PlannedRestore, RestorePlan } from '../compare/compare.ts'
import type { AskTarget } from '../history.ts'
import type { Held, NodeTurns } from './node-turns.ts'
import type { RoomTurns, TurnAsked } from './turns.ts'

export interface RestoresOptions {
  /** One at a time in a room: two that began from the same state would both bring back the same. */
  readonly turns: RoomTurns
  /** The same among all nodes: who has the room's turn here waits for the others'. */
  readonly nodes: Pick<NodeTurns, 'take'>
  readonly plan: (room: string, ask: AskTarget, signal?: AbortSignal) => Promise<PlannedRestore>
  /** Remembers that this is going to be restored under that client id, for plans of the same. */
  readonly remember: (room: string, plan: RestorePlan) => Promise<void>
  /** Applies an edit to the live room as this person; resolves with its seq when it is committed. */
  readonly apply: (
    room: string,
    user: string,
    edit: { readonly update: Uint8Array; readonly head: Seq },
  ) => Promise<Seq>
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

  constructor(options: RestoresOptions) {
    this.#options = options
  }

  /** What a restore would do now, as long as somebody waits for it. */
  preview(room: string, ask: AskTarget, signal?: AbortSignal): Promise<PlannedRestore> {
    return this.#options.plan(room, ask, signal)
  }

  /**
   * Resolves when the restore is committed, with what it did or, where the same was restored before and still stands,
   * with what that did; undefined where nothing was to be changed.
   * @throws SynclineError `restore-invalid`, `history-busy` where too much waits or another node comes to no end,
   *   `request-abandoned` where `signal` says so before it is planned, and whatever reading the room's past and editing it throw
   */
  restore(room: string, user: string, ask: AskTarget, signal?: AbortSignal): Promise<Restored | undefined> {
    const { turns, nodes } = this.#options
    const asked = { room, user, signal }
    return turns.take(asked, () => nodes.take(room, (held) => this.#restore(asked, ask, held)))
  }

  async #restore(
    { room, user, signal }: TurnAsked,
    ask: AskTarget,
    held: Held,
  ): Promise<Restored | undefined> {
    const { remember, apply, keepVersion } = this.#options
    const { head, update, plan } = await this.#options.plan(room, ask, signal)
    if (update === undefined) {
      const { done } = plan
      if (done === undefined) return undefined
      // Who was told of an error after the edit was committed asks again: what is missing then is this.
      await keepVersion(room, user, done)
      return { seq: done, before: done - 1 }
    }
    await keepVersion(room, user, head)
    await remember(room, plan)
    // Planning may have taken long: where the turn was lost meanwhile, another node may be bringing back the same.
    await held()
    const seq = await apply(room, user, { update, head })
    await keepVersion(room, user, seq)
    return { seq, before: head }
  }
}

import type * as Y from 'yjs'
import type { Seq } from '../../log/entry.ts'
import type { Stretch } from '../positions/client-ids.ts'
import type { HistoryDocument } from '../positions/history-document.ts'
import { type IdRange, IdRanges } from './id-ranges.ts'

/** Ids, by whether they are among some. */
export interface Ids {
  /** Whether `clock` of this client is, and up to where that stays so within `end`. */
  stretch(client: number, clock: number, end: number): Stretch
}

/**
 * Which ids of a history document are visible: a position of the log, or a state that never was and that a
 * restore is to make. All of comparing and restoring asks only this; whether Yjs holds an item for deleted
 * is never looked at, since that is true of the newest position alone.
 */
export interface View extends Ids {
  /**
   * Visible text from `clock` on as it is here, from how the document has it: Yjs damages characters of two
   * code units when somebody cuts one in two, and so for the time before as well.
   */
  text(text: string, client: number, clock: number): string
}

/** What is visible after the first `seq` entries. */
export function viewAt(history: HistoryDocument, seq: Seq): View {
  const position = history.position(seq)
  return {
    stretch: (client, clock, end) => position.stretch(client, clock, end),
    text: (text, client, clock) => history.textAt(text, client, clock, seq),
  }
}

interface Shown {
  readonly ids: Ids
  /** Where they were visible as they are to be again. */
  readonly as: View
}

/** Another view with some ids shown and some hidden; what is among both is shown. */
export class Overlay implements View {
  readonly #base: View
  readonly #shown: Shown
  readonly #hidden: Ids

  constructor(base: View, shown: Shown, hidden: Ids) {
    this.#base = base
    this.#shown = shown
    this.#hidden = hidden
  }

  stretch(client: number, clock: number, end: number): Stretch {
    const shown = this.#shown.ids.stretch(client, clock, end)
    if (shown.inside) return shown
    const hidden = this.#hidden.stretch(client, clock, shown.end)
    if (hidden.inside) return { inside: false, end: hidden.end }
    return this.#base.stretch(client, clock, hidden.end)
  }

  text(text: string, client: number, clock: number): string {
    const { ids, as } = this.#shown
    return ids.stretch(client, clock, clock + 1).inside
      ? as.text(text, client, clock)
      : this.#base.text(text, client, clock)
  }
}

/** What Yjs itself says is visible in a document. */
export class SnapshotView implements View {
  readonly #known: ReadonlyMap<number, number>
  readonly #deleted: IdRanges

  constructor({ sv, ds }: Y.Snapshot) {
    this.#known = sv
    this.#deleted = IdRanges.of(ds.clients as ReadonlyMap<number, readonly IdRange[]>)
  }

  stretch(client: number, clock: number, end: number): Stretch {
    const known = this.#known.get(client) ?? 0
    if (clock >= known) return { inside: false, end }
    const deleted = this.#deleted.stretch(client, clock, Math.min(end, known))
    return { inside: !deleted.inside, end: deleted.end }
  }

  text(text: string): string {
    return text
  }
}

import type { Seq } from '../../log/entry.ts'
import type { Stretch } from '../positions/client-ids.ts'
import type { HistoryDocument } from '../positions/history-document.ts'
import type { Authors } from './authors.ts'
import type { Ids } from './view.ts'

/** Who made an edit, and when. */
export interface Author {
  readonly seq: Seq
  readonly actor: string
  /** Milliseconds since the epoch. */
  readonly at: number
}

/** The entry behind some ids, and up to which clock (exclusive) it is; none for what was never deleted. */
export interface Attributed {
  readonly seq: Seq | undefined
  readonly end: number
}

/**
 * Who wrote and who deleted what a document ever held. An entry is answerable for what its bytes bring new: a
 * client that reconnects sends its whole delete set, and that is not its doing (see change-index.ts).
 */
export class Attribution {
  readonly #history: HistoryDocument
  readonly #authors: Authors

  constructor(history: HistoryDocument, authors: Authors) {
    this.#history = history
    this.#authors = authors
  }

  author(seq: Seq): Author {
    return { seq, ...this.#authors.author(seq) }
  }

  /** Text as it was after an entry, from how the document has it. */
  text(text: string, client: number, clock: number, seq: Seq): string {
    return this.#history.textAt(text, client, clock, seq)
  }

  insertion(client: number, clock: number, end: number): Attributed {
    const { seq, end: until } = this.#history.changes.insertedBy(client, clock)
    return { seq: seq || undefined, end: Math.min(end, until) }
  }

  deletion(client: number, clock: number, end: number): Attributed {
    const { changes } = this.#history
    const seq = changes.deletedBy(client, clock)
    let until = clock + 1
    while (until < end && changes.deletedBy(client, until) === seq) until += 1
    return { seq: seq || undefined, end: until }
  }

  /** What the entries brought, and what they deleted, of which `which` is true. */
  workOf(which: (author: Author) => boolean): Work {
    const chosen = Array.from({ length: this.#history.head }, (_, index) => which(this.author(index + 1)))
    const stretch = ({ seq, end }: Attributed): Stretch => ({
      inside: seq !== undefined && (chosen[seq - 1] ?? false),
      end,
    })
    return {
      inserted: { stretch: (...range) => stretch(this.insertion(...range)) },
      deleted: { stretch: (...range) => stretch(this.deletion(...range)) },
    }
  }
}

export interface Work {
  readonly inserted: Ids
  readonly deleted: Ids
}

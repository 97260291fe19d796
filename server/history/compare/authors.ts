import type pg from 'pg'
import { firstOf, type RoomId, type Seq } from '../../log/entry.ts'
import { read } from '../../log/read.ts'

/** Who made each entry of a log, and when (milliseconds since the epoch). */
export interface Authors {
  author(seq: Seq): { readonly actor: string; readonly at: number }
}

interface Signed {
  /** Where it is not the next position: of what retention has merged, the last. */
  readonly seq?: Seq
  readonly actor: string
  readonly at: number
}

/** The authors of consecutive entries, each name once. */
export class LogAuthors implements Authors {
  readonly #after: Seq
  readonly #actors: string[] = []
  readonly #numbers = new Map<string, number>()
  readonly #actorOf: number[] = []
  readonly #at: number[] = []

  /** @param after the entry before the first */
  constructor(after: Seq = 0) {
    this.#after = after
  }

  static of(entries: Iterable<Signed>): LogAuthors {
    const authors = new LogAuthors()
    for (const entry of entries) authors.add(entry)
    return authors
  }

  /** The last entry that was taken. */
  get head(): Seq {
    return this.#after + this.#at.length
  }

  /** In memory, about. */
  get bytes(): number {
    return this.#at.length * 16
  }

  /** Takes the next entry's. */
  add({ seq = this.head + 1, actor, at }: Signed): void {
    const number = this.#numbers.get(actor) ?? this.#actors.push(actor) - 1
    this.#numbers.set(actor, number)
    while (this.head < seq) {
      this.#actorOf.push(number)
      this.#at.push(at)
    }
  }

  author(seq: Seq): Signed {
    const index = seq - this.#after - 1
    const actor = this.#actors[this.#actorOf[index] ?? -1]
    const at = this.#at[index]
    if (actor === undefined || at === undefined) throw new RangeError(`entry ${seq} was not taken`)
    return { actor, at }
  }
}

/** Takes a log's entries after those that were taken, up to `until`. */
export async function readAuthors(
  pool: pg.Pool,
  room: RoomId,
  authors: LogAuthors,
  until: Seq,
): Promise<void> {
  if (authors.head >= until) return
  for await (const entry of read(pool, room, authors.head, until)) {
    // What retention has merged stands for all the entries that it was: blocks name them still.
    for (let seq = firstOf(entry); seq <= entry.seq; seq += 1) authors.add(entry)
  }
}

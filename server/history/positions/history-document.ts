import * as Y from 'yjs'
import { firstOf, type Merged, type Seq } from '../../log/entry.ts'
import type { Block } from '../blocks/block.ts'
import { changesOf } from '../updates/changes.ts'
import { deletionsOnly } from '../updates/structs.ts'
import { ChangeIndex, type Effect } from './change-index.ts'
import type { Stretch } from './client-ids.ts'
import { SurrogatePairs } from './surrogates.ts'

/** An entry of a room's log. */
export interface HistoryEntry {
  readonly seq: Seq
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly actor: string
  /** A Yjs v1 update. */
  readonly bytes: Uint8Array
  /** Where retention has put it in the place of several: positions between them are no longer known. */
  readonly merged?: Merged
}

/** Bytes of structs that a document holds, deleted ones too: in memory they take about as much of large values, and ten times as much of small ones. */
const MOST_BYTES = 256 * 1024 * 1024

/** What an update that waits takes beside its bytes, about: two objects, and its part of a buffer. */
const WAITING_OVERHEAD = 200

interface Waiting {
  readonly update: Uint8Array
  readonly wide: boolean
  /** The last entry that it holds. */
  readonly seq: Seq
}

/**
 * All that a room's log brought up to `head`, deleted or not. Structs are only ever added, so this one document
 * holds every position up to its head: at `seq` an id is visible if it had come and had not gone yet.
 */
export class HistoryDocument {
  readonly #mostBytes: number
  #doc = new Y.Doc({ gc: false })
  readonly #changes = new ChangeIndex()
  readonly #pairs = new SurrogatePairs(this.#changes)
  /** Updates that the document does not hold yet: who only asks what changed need not wait for Yjs. */
  #waiting: Waiting[] = []
  #waitingBytes = 0
  #structBytes = 0
  #integratedTo: Seq = 0
  /** Up to where the document's deletions are those of the log. */
  #deletedTo: Seq = 0
  #head: Seq = 0
  #whole = true

  constructor(mostBytes = MOST_BYTES) {
    this.#mostBytes = mostBytes
  }

  /** @throws RangeError where the entries do not make a whole document */
  static fromEntries(entries: Iterable<HistoryEntry>): HistoryDocument {
    const history = new HistoryDocument()
    for (const entry of entries) history.add(entry)
    return history
  }

  /** The last entry that it holds. */
  get head(): Seq {
    return this.#head
  }

  /** Whether it holds what its entries brought, and not only what came and went by which of them: that has a bound. */
  get whole(): boolean {
    return this.#whole
  }

  /** What came and went by which entry. */
  get changes(): ChangeIndex {
    return this.#changes
  }

  /** The document at `head`, with all that was ever deleted still in it. Not to be changed. */
  get doc(): Y.Doc {
    const doc = this.structure
    if (this.#deletedTo < this.head) {
      const deletions = deletionsOnly(this.#changes.deletionsAt(this.head))
      doc.transact(() => Y.applyUpdate(doc, deletions))
      this.#deletedTo = this.head
    }
    return doc
  }

  /** The same, but what Yjs takes for deleted in it means nothing. It costs less. */
  get structure(): Y.Doc {
    this.integrate()
    return this.#doc
  }

  /**
   * Has the document hold all that it was given; done by whoever reads it first.
   * @throws RangeError where the entries do not make a whole document, and where it does not hold what they brought
   */
  integrate(): void {
    if (!this.#whole) throw new RangeError('what the entries brought is not held')
    const waiting = this.#waiting
    this.#waiting = []
    this.#structBytes += this.#waitingBytes
    this.#waitingBytes = 0
    this.#integratedTo = this.#head
    if (waiting.length === 0) return
    // One local transaction: an update applied by itself would have Yjs tidy up formats, which is an edit.
    this.#doc.transact(() => {
      for (const { update, wide } of waiting) {
        this.#pairs.add(update, wide)
        Y.applyUpdate(this.#doc, update)
      }
    })
    const { pendingStructs, pendingDs } = this.#doc.store
    if (pendingStructs !== null || pendingDs !== null)
      throw new RangeError('an entry builds on one that is not in the log')
  }

  /** Takes the entry after `head`. */
  add(entry: HistoryEntry): Effect {
    const { seq, bytes } = entry
    if (firstOf(entry) !== this.#head + 1) throw new RangeError(`entry ${seq} does not follow ${this.#head}`)
    const changes = changesOf(bytes)
    const effect = this.#changes.add(seq, changes)
    this.#take(bytes, changes.wide, seq)
    return effect
  }

  /** Takes the entries after `head` that a block holds. */
  addBlock({ firstSeq, lastSeq, inserts, deletes, wide, structs }: Block): void {
    if (firstSeq !== this.#head + 1) throw new RangeError(`entry ${firstSeq} does not follow ${this.#head}`)
    this.#changes.addRuns(inserts, deletes)
    this.#take(structs, wide, lastSeq)
  }

  /** A block was made of entries that it holds: as long as nobody reads them they wait as one, which takes a tenth. */
  fold({ firstSeq, lastSeq, wide, structs }: Block): void {
    if (!this.#whole || this.#integratedTo >= firstSeq) return
    const before = this.#waiting.filter(({ seq }) => seq < firstSeq)
    const after = this.#waiting.filter(({ seq }) => seq > lastSeq)
    this.#waiting = [...before, { update: structs, wide, seq: lastSeq }, ...after]
    this.#waitingBytes = this.#waiting.reduce((sum, { update }) => sum + update.length, 0)
  }

  /** State vector and delete set after the first `seq` entries. */
  snapshotAt(seq: Seq): Y.Snapshot {
    this.#check(seq)
    const known = new Map<number, number>()
    for (const client of this.#changes.clients) {
      const clock = this.#changes.knownAt(client, seq)
      if (clock > 0) known.set(client, clock)
    }
    const deleted = Y.createDeleteSet()
    for (const { client, clock, length } of this.#changes.deletionsAt(seq)) {
      const ranges = deleted.clients.get(client)
      if (ranges === undefined) deleted.clients.set(client, [{ clock, len: length }])
      else ranges.push({ clock, len: length })
    }
    return Y.createSnapshot(deleted, known)
  }

  /**
   * The text of ids from `clock` on as it is in `structure`, as it was after the first `seq` entries: Yjs damages
   * characters of two code units when somebody cuts one in two.
   */
  textAt(text: string, client: number, clock: number, seq: Seq): string {
    return this.#pairs.restore(text, client, clock, seq)
  }

  /** What is visible after the first `seq` entries. */
  position(seq: Seq): Position {
    this.#check(seq)
    return new Position(this.#changes, seq)
  }

  /** In memory, about: Yjs takes some ten times what an update does. */
  get bytes(): number {
    const waiting = this.#waitingBytes + this.#waiting.length * WAITING_OVERHEAD
    return this.#changes.bytes + waiting + this.#structBytes * 10
  }

  #take(update: Uint8Array, wide: boolean, head: Seq): void {
    this.#head = head
    if (!this.#whole) return
    this.#waiting.push({ update, wide, seq: head })
    this.#waitingBytes += update.length
    if (this.#structBytes + this.#waitingBytes > this.#mostBytes) this.#letGo()
  }

  #letGo(): void {
    this.#whole = false
    this.#waiting = []
    this.#waitingBytes = 0
    this.#structBytes = 0
    this.#doc.destroy()
    this.#doc = new Y.Doc({ gc: false })
  }

  #check(seq: Seq): void {
    if (!(seq >= 0 && seq <= this.head)) throw new RangeError(`position ${seq} is not in 0 … ${this.head}`)
  }
}

/** A position of a room: which ids are visible there. */
export class Position {
  readonly seq: Seq
  readonly #changes: ChangeIndex
  readonly #known = new Map<number, number>()

  constructor(changes: ChangeIndex, seq: Seq) {
    this.seq = seq
    this.#changes = changes
  }

  /** The first clock of a client that is not known here. */
  known(client: number): number {
    const cached = this.#known.get(client)
    if (cached !== undefined) return cached
    const clock = this.#changes.knownAt(client, this.seq)
    this.#known.set(client, clock)
    return clock
  }

  /** Whether `clock` of this client is visible, and up to where that stays so within `end`. */
  stretch(client: number, clock: number, end: number): Stretch {
    const known = this.known(client)
    if (clock >= known) return { inside: false, end }
    const deleted = this.#changes.deletedAt(client, clock, Math.min(end, known), this.seq)
    return { inside: !deleted.inside, end: deleted.end }
  }
}

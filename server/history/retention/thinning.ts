import { createHash } from 'node:crypto'
import * as Y from 'yjs'
import { hasPending } from '../../documents/pending.ts'

/** What a group of updates has become, and what the document is after them, as whoever checks it must find it. */
export interface MergedGroup {
  readonly update: Uint8Array
  /** SHA-256 over state vector and delete set, hexadecimal. */
  readonly position: string
}

/**
 * Merges runs of updates so that nothing that was ever written goes, only the moments between. Three documents
 * without garbage collection: one takes a run in a single transaction, whose `update` event is exactly the run;
 * one takes the same updates each by itself, and says what each position is; the third takes what was stored.
 */
export class Thinning {
  readonly #merging = new Y.Doc({ gc: false })
  readonly #single = new Y.Doc({ gc: false })
  readonly #stored = new Y.Doc({ gc: false })
  #begun = false

  /** Takes updates that stay as they are, from the first of the room on. */
  apply(updates: readonly Uint8Array[]): void {
    for (const doc of [this.#merging, this.#single]) apply(doc, updates)
  }

  /**
   * Merges a run of updates into one.
   * @throws where they do not make a whole document.
   */
  merge(updates: readonly Uint8Array[]): MergedGroup {
    if (!this.#begun) {
      this.#begun = true
      apply(this.#stored, [Y.encodeStateAsUpdate(this.#single)])
    }
    let merged: Uint8Array | undefined
    const keep = (update: Uint8Array) => {
      merged = update
    }
    this.#merging.on('update', keep)
    apply(this.#merging, updates)
    this.#merging.off('update', keep)
    for (const update of updates) apply(this.#single, [update])
    if (hasPending(this.#single)) throw new Error('an entry builds on one that is not in the log')
    return { update: merged ?? EMPTY, position: positionOf(this.#single) }
  }

  /** Takes what `merge` gave, as it is stored; false where the document is another than it was there. */
  check({ update, position }: MergedGroup): boolean {
    apply(this.#stored, [update])
    return !hasPending(this.#stored) && positionOf(this.#stored) === position
  }

  /** Once all was merged and checked: whether every struct with its content is the same in the end. */
  same(): boolean {
    return Buffer.compare(stateOf(this.#stored), stateOf(this.#single)) === 0
  }
}

/** An update that changes nothing: what a run of updates becomes that were all known already. */
const EMPTY = Uint8Array.of(0, 0)

/** In a transaction of its own: an update that is applied by itself has Yjs tidy up formats, which is an edit. */
function apply(doc: Y.Doc, updates: readonly Uint8Array[]): void {
  doc.transact(() => {
    for (const update of updates) Y.applyUpdate(doc, update)
  })
}

const positionOf = (doc: Y.Doc): string =>
  createHash('sha256')
    .update(Y.encodeSnapshotV2(Y.snapshot(doc)))
    .digest('hex')

/** Loading merges neighbouring structs: two states can only be compared when both have been through it. */
function stateOf(doc: Y.Doc): Uint8Array {
  const copy = new Y.Doc({ gc: false })
  apply(copy, [Y.encodeStateAsUpdate(doc)])
  const state = Y.encodeStateAsUpdate(copy)
  copy.destroy()
  return state
}

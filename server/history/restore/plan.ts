import { isDeepStrictEqual } from 'node:util'
import * as Y from 'yjs'
import type { Seq } from '../../log/entry.ts'
import type { Authors } from '../compare/authors.ts'
import { diff } from '../compare/diff.ts'
import type { Diff } from '../compare/diff-tree.ts'
import { type Content, contentAfter } from '../compare/sides.ts'
import { SnapshotView, type View, viewAt } from '../compare/view.ts'
import type { HistoryDocument } from '../positions/history-document.ts'
import { type RestoreTarget, type Wanted, wantedBy } from './target.ts'
import { writeRestore } from './writer.ts'

export interface Restoration {
  /** The edit, to be applied to the live document; undefined where nothing would change. */
  readonly update: Uint8Array | undefined
  /** The client id that the edit is written under. */
  readonly client: number
  /** The entry that has restored the same before, where that still stands. */
  readonly done: Seq | undefined
  /** What it changes in the document as it is at `head`. */
  readonly diff: Diff
}

/**
 * What a restore would do, found by doing it on a copy. A whole version is held against the position itself,
 * so that no restore is handed out that brings back anything else.
 * @param earlier the client ids of earlier restores of the same: what they brought back and still stands is not
 *   brought back again
 */
export function planRestore(
  history: HistoryDocument,
  authors: Authors,
  target: RestoreTarget,
  earlier: readonly number[] = [],
): Restoration {
  const current = viewAt(history, history.head)
  const done = lastStanding(history, current, earlier)
  const { view, styles } = wantedNow(history, authors, target, { current, done })
  const wanted = contentOf(history, view)
  const client = unusedClient(history.structure)
  const update = writeRestore(history.structure, client, {
    current,
    wanted: view,
    // What a restore brought back is other items that say the same; to write it once more would help nobody.
    leave: styles === undefined ? alike(contentOf(history, current), wanted) : [],
    ...(styles && { styles }),
  })
  const change = changeOf(history, current, update)
  if (target.kind === 'version' && !isDeepStrictEqual(contentAfter(change), wanted)) {
    throw new Error('a restore would not give the version')
  }
  return { update, client, done, diff: change }
}

/** The last of these clients' entries of which something can be seen. */
function lastStanding(history: HistoryDocument, current: View, clients: readonly number[]): Seq | undefined {
  const { changes, head } = history
  const seqs = clients
    .filter((client) => isSeen(current, client, changes.knownAt(client, head)))
    .map((client) => changes.insertedBy(client, 0).seq)
  return seqs.length === 0 ? undefined : Math.max(...seqs)
}

function isSeen(view: View, client: number, end: number): boolean {
  for (let clock = 0; clock < end; ) {
    const { inside, end: next } = view.stretch(client, clock, end)
    if (inside) return true
    clock = next
  }
  return false
}

/**
 * A version is compared with what the document says, and of a person's work what came since is undone; but whoever takes
 * a change back, or a block, and finds that done wants no second copy of it.
 */
function wantedNow(
  history: HistoryDocument,
  authors: Authors,
  target: RestoreTarget,
  { current, done }: { readonly current: View; readonly done: Seq | undefined },
): Wanted {
  const once = target.kind === 'hunks' || target.kind === 'block'
  return once && done !== undefined ? { view: current } : wantedBy(history, authors, target, done)
}

const contentOf = (history: HistoryDocument, view: View): Content =>
  contentAfter(diff(history.structure, view, view).diff)

/** The shared types that say the same in both. */
const alike = (one: Content, other: Content): string[] =>
  Object.keys(one).filter((name) => isDeepStrictEqual(one[name], other[name]))

function changeOf(history: HistoryDocument, current: View, update: Uint8Array | undefined): Diff {
  if (update === undefined) return diff(history.structure, current, current).diff
  const copy = new Y.Doc({ gc: false })
  Y.applyUpdate(copy, Y.encodeStateAsUpdate(history.doc))
  Y.applyUpdate(copy, update)
  const change = diff(copy, current, new SnapshotView(Y.snapshot(copy))).diff
  copy.destroy()
  return change
}

function unusedClient(doc: Y.Doc): number {
  for (;;) {
    const [client = 0] = crypto.getRandomValues(new Uint32Array(1))
    if (!doc.store.clients.has(client)) return client
  }
}

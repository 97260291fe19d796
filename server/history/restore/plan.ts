import { isDeepStrictEqual } from 'node:util'
import * as Y from 'yjs'
import type { Authors } from '../compare/authors.ts'
import { diff } from '../compare/diff.ts'
import type { Diff } from '../compare/diff-tree.ts'
import { type Content, contentAfter } from '../compare/sides.ts'
import { SnapshotView, type View, viewAt } from '../compare/view.ts'
import type { HistoryDocument } from '../positions/history-document.ts'
import { type RestoreTarget, wantedBy } from './target.ts'
import { writeRestore } from './writer.ts'

export interface Restoration {
  /** The edit, to be applied to the live document; undefined where nothing would change. */
  readonly update: Uint8Array | undefined
  /** What it changes in the document as it is at `head`. */
  readonly diff: Diff
}

/**
 * What a restore would do, found by doing it on a copy. A whole version is held against the position itself,
 * so that no restore is handed out that brings back anything else.
 */
export function planRestore(history: HistoryDocument, authors: Authors, target: RestoreTarget): Restoration {
  const { view, styles } = wantedBy(history, authors, target)
  const current = viewAt(history, history.head)
  const wanted = contentOf(history, view)
  const update = writeRestore(history.structure, unusedClient(history.structure), {
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
  return { update, diff: change }
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

import type { Seq } from '../../log/entry.ts'
import type { HistoryDocument } from '../positions/history-document.ts'
import { Attribution } from './attribution.ts'
import type { Authors } from './authors.ts'
import { diff } from './diff.ts'
import type { Diff } from './diff-tree.ts'
import { viewAt } from './view.ts'

/** What a document says at a position, every run of it with who wrote it: a diff with itself, all of it equal. */
export function blame(history: HistoryDocument, authors: Authors, seq: Seq, within?: number): Diff {
  const at = viewAt(history, seq)
  const attribution = new Attribution(history, authors)
  return diff(history.structure, at, at, {
    attribution,
    blame: true,
    ...(within !== undefined && { within }),
  }).diff
}

import * as Y from 'yjs'
import { SynclineError } from '../../errors.ts'
import type { Seq } from '../../log/entry.ts'
import { Attribution } from '../compare/attribution.ts'
import type { Authors } from '../compare/authors.ts'
import { diff } from '../compare/diff.ts'
import type { Hunk, Piece } from '../compare/hunk.ts'
import { IdRanges } from '../compare/id-ranges.ts'
import { Overlay, type View, viewAt } from '../compare/view.ts'
import type { HistoryDocument } from '../positions/history-document.ts'
import { Styles } from './styles.ts'
import { collectAncestors, collectPiece } from './subtree.ts'
import { without } from './undo-person.ts'

/** What a restore is to bring about. Whatever it does not name stays as it is. */
export type RestoreTarget =
  /** The whole document as it was at a position. */
  | { readonly kind: 'version'; readonly seq: Seq }
  /** Some changes of the diff from one position to another taken back, by the numbers they have in it. */
  | { readonly kind: 'hunks'; readonly from: Seq; readonly to: Seq; readonly hunks: readonly number[] }
  /** One element, say a paragraph, as it was at a position; `id` is `client:clock`, as diffs have it. */
  | { readonly kind: 'block'; readonly seq: Seq; readonly id: string }
  /** All that one person did from one time until another (both inclusive, milliseconds), undone. */
  | { readonly kind: 'person'; readonly actor: string; readonly since: number; readonly until: number }

export interface Wanted {
  readonly view: View
  readonly styles?: Styles
}

/**
 * What is to be visible after a restore.
 * @param done the entry that has restored the same before, in part at least
 * @throws SynclineError `restore-invalid` where the target names what is not there
 */
export function wantedBy(
  history: HistoryDocument,
  authors: Authors,
  target: RestoreTarget,
  done: Seq = 0,
): Wanted {
  const at = (seq: Seq) => viewAt(history, seq)
  const now = at(history.head)
  switch (target.kind) {
    case 'version':
      return { view: at(target.seq) }
    case 'hunks': {
      const { hunks } = diff(history.structure, at(target.from), at(target.to))
      return withoutHunks(
        target.hunks.map((number) => hunks[number] ?? invalid(`there is no hunk ${number}`)),
        at(target.from),
        now,
      )
    }
    case 'block':
      return { view: withBlock(blockOf(history.structure, target.id), at(target.seq), now) }
    case 'person': {
      const { actor, since, until } = target
      const work = new Attribution(history, authors).workOf(
        (author) => author.seq > done && author.actor === actor && author.at >= since && author.at <= until,
      )
      return { view: without(history.structure, now, work) }
    }
  }
}

function withoutHunks(hunks: readonly Hunk[], from: View, now: View): Wanted {
  const shown = new IdRanges()
  const hidden = new IdRanges()
  const styles = new Styles()
  for (const { deleted, inserted, remarked, marksBefore } of hunks) {
    for (const piece of inserted) collectPiece(piece, now, hidden)
    for (const piece of deleted) bringBack(piece, from, shown)
    if (marksBefore !== undefined) styles.add([...deleted, ...remarked], marksBefore)
  }
  return { view: new Overlay(now, { ids: shown, as: from }, hidden), styles }
}

function withBlock(item: Y.Item, then: View, now: View): View {
  const piece = { item, from: 0, to: item.length }
  const shown = new IdRanges()
  const hidden = new IdRanges()
  collectPiece(piece, now, hidden)
  const { client, clock } = item.id
  if (then.stretch(client, clock, clock + 1).inside) bringBack(piece, then, shown)
  return new Overlay(now, { ids: shown, as: then }, hidden)
}

function bringBack(piece: Piece, as: View, shown: IdRanges): void {
  collectPiece(piece, as, shown)
  collectAncestors(piece.item, shown)
}

function blockOf(doc: Y.Doc, id: string): Y.Item {
  const [client = 0, clock = 0] = id.split(':').map(Number)
  if (!(clock >= 0 && clock < Y.getState(doc.store, client))) invalid('there is no such block')
  const item: unknown = Y.getItem(doc.store, Y.createID(client, clock))
  const found = item instanceof Y.Item && item.content instanceof Y.ContentType && item.parentSub === null
  return found ? item : invalid('there is no such block')
}

function invalid(detail: string): never {
  throw new SynclineError('restore-invalid', detail)
}

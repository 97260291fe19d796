import type { Seq } from '../../log/entry.ts'
import { encodeJson } from '../json.ts'
import type { HistoryDocument } from '../positions/history-document.ts'
import { planRestore } from '../restore/plan.ts'
import type { RestoreTarget } from '../restore/target.ts'
import { Attribution } from './attribution.ts'
import type { Authors } from './authors.ts'
import { blame } from './blame.ts'
import { searchDeleted } from './deleted-text.ts'
import { diff } from './diff.ts'
import { viewAt } from './view.ts'

/** What is asked of a room's history. */
export type CompareRequest =
  | { readonly kind: 'diff'; readonly from: Seq; readonly to: Seq; readonly within: number }
  | { readonly kind: 'blame'; readonly at: Seq; readonly within: number }
  | { readonly kind: 'deleted'; readonly at: Seq; readonly text: string | undefined; readonly limit: number }
  /** `earlier` are the client ids under which the same was restored before. */
  | { readonly kind: 'restore'; readonly target: RestoreTarget; readonly earlier: readonly number[] }

export interface RestorePlan {
  readonly target: RestoreTarget
  /** The client id that the edit is written under. */
  readonly client: number
  /** The entry that has restored the same before, where that still stands. */
  readonly done: Seq | undefined
}

export interface Compared {
  /** The answer as JSON, so that whoever hands it on never looks into it. */
  readonly json: Uint8Array<ArrayBuffer>
  /** The newest position that was read; of a restore, the newest that there was. */
  readonly head: Seq
  /** Of a restore: the edit to the room as it is at `head`, where it would change anything. */
  readonly update?: Uint8Array
  /** Of a restore: what it is to bring about, and how. */
  readonly plan?: RestorePlan
}

/** The entries whose authors an answer may name: those after the first of these, up to the second. */
export function authorsOf(request: CompareRequest, head: Seq): readonly [after: Seq, until: Seq] {
  switch (request.kind) {
    case 'diff':
      return [Math.min(request.from, request.to), Math.max(request.from, request.to)]
    case 'restore':
      return request.target.kind === 'person' ? [0, head] : [0, 0]
    default:
      return [0, request.at]
  }
}

/** Up to where a room at `head` is read: what comes after the positions that are compared may be damaged. */
export function neededBy(request: CompareRequest, head: Seq): Seq {
  switch (request.kind) {
    case 'diff':
      return Math.max(request.from, request.to)
    case 'restore':
      return head
    default:
      return request.at
  }
}

/** What a restore would do, on the room as it is at `head`; without `update` nothing. */
export interface PlannedRestore extends Compared {
  readonly plan: RestorePlan
}

/** Answers one request, from a document that has all its positions in it; to be run where it may take its time. */
export function compare(history: HistoryDocument, authors: Authors, request: CompareRequest): Compared {
  const { head } = history
  switch (request.kind) {
    case 'diff': {
      const { from, to, within } = request
      const options = { attribution: new Attribution(history, authors), backward: from > to, within }
      const found = diff(history.structure, viewAt(history, from), viewAt(history, to), options)
      return { head, json: encodeJson({ from, to, ...found.diff }) }
    }
    case 'blame': {
      const { at, within } = request
      return { head, json: encodeJson({ at, ...blame(history, authors, at, within) }) }
    }
    case 'deleted': {
      const { at, text, limit } = request
      const found = searchDeleted(history, authors, { at, limit, ...(text !== undefined && { text }) })
      return { head, json: encodeJson({ at, found }) }
    }
    case 'restore': {
      const { update, client, done, diff } = planRestore(history, authors, request.target, request.earlier)
      const json = encodeJson({ head, changes: update !== undefined, ...diff })
      const plan = { target: request.target, client, done }
      return { head, json, plan, ...(update !== undefined && { update }) }
    }
  }
}

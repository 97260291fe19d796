import type { DeletedText, Run, TypeRuns, Types } from '../api.ts'

/**
 * The changes that took a passage, in the diff from the last position that had it whole: those whose deleted text
 * lies in it, where it stood then.
 */
export function hunksOfPassage(
  types: Types,
  { type, node, text, before, after }: DeletedText,
): readonly number[] {
  const root = types[type]
  if (root === undefined) return []
  const place = node === undefined ? { type: root, hunk: undefined } : find(root, node, undefined)
  if (place === undefined) return []
  // Of something that went as a whole, the whole comes back: its text has no number of its own.
  if (place.hunk !== undefined) return [place.hunk]
  const runs = (place.type.runs ?? []).filter(({ status }) => status !== 'inserted')
  const whole = runs.map(textOf).join('')
  const around = whole.indexOf(before + text + after)
  const start = around < 0 ? whole.indexOf(text) : around + before.length
  if (start < 0) return []
  const end = start + text.length
  const hunks = new Set<number>()
  let at = 0
  for (const run of runs) {
    const until = at + textOf(run).length
    if (run.status === 'deleted' && run.hunk !== undefined && at < end && until > start) hunks.add(run.hunk)
    at = until
  }
  return [...hunks]
}

interface Place {
  readonly type: TypeRuns
  /** The number of the deletion that took it whole. */
  readonly hunk: number | undefined
}

function find(
  { runs = [], entries = {} }: TypeRuns,
  id: string,
  taken: number | undefined,
): Place | undefined {
  const inside = [
    ...runs.map(({ id, node, status, hunk }) => ({
      id,
      node,
      hunk: status === 'deleted' ? hunk : undefined,
    })),
    ...Object.values(entries).map(({ before, after, status, hunk }) => ({
      id: (before ?? after)?.id,
      node: (before ?? after)?.node,
      hunk: status === 'deleted' || before !== undefined ? hunk : undefined,
    })),
  ]
  for (const { id: found, node, hunk = taken } of inside) {
    if (node === undefined) continue
    if (found === id) return { type: node, hunk }
    const deeper = find(node, id, hunk)
    if (deeper !== undefined) return deeper
  }
  return undefined
}

const textOf = ({ text = '' }: Run): string => text

import type { Author, EntryContent, EntryRun, Run, RunStatus, TypeRuns, Types } from '../api.ts'

/** What a restore can take back by itself. */
export interface Change {
  readonly hunk: number
  readonly status: RunStatus
  /** What came or went, in short, as text. */
  readonly excerpt: string
  /** Where it is, if that is not the document's own text. */
  readonly place: string | undefined
  readonly by: readonly Author[]
}

const MAX_EXCERPT = 80

/** Every change of a diff that has a number, in the order of the document. */
export function changesOf(types: Types): readonly Change[] {
  const found = new Map<number, Change>()
  const add = (part: Run | EntryRun, excerpt: string, place: string | undefined) => {
    const { hunk, status, by } = part
    if (hunk === undefined) return
    const before = found.get(hunk)
    const people = [...(before?.by ?? []), ...(by === undefined ? [] : [by])]
    found.set(hunk, {
      hunk,
      status,
      place,
      excerpt: shorten(`${before?.excerpt ?? ''}${excerpt}`),
      by: people.filter(({ actor }, index) => people.findIndex((one) => one.actor === actor) === index),
    })
  }
  const visit = (type: TypeRuns, place: string | undefined) => {
    for (const [key, entry] of Object.entries(type.entries ?? {})) {
      add(entry, entryText(entry), type.kind === 'element' ? `${type.name ?? 'element'}: ${key}` : key)
      const node = entry.after?.node ?? entry.before?.node
      if (node !== undefined && entry.hunk === undefined) visit(node, key)
    }
    for (const run of type.runs ?? []) {
      add(run, runText(run), place)
      if (run.node !== undefined && run.hunk === undefined) visit(run.node, place)
    }
  }
  for (const [name, type] of Object.entries(types)) visit(type, isDocument(type) ? undefined : name)
  return [...found.values()].sort((a, b) => a.hunk - b.hunk)
}

/** Whether it is read as a text rather than as data. */
export const isDocument = ({ kind }: TypeRuns): boolean => kind === 'text' || kind === 'fragment'

function runText({ text, node, values, embed, status, marks, marksBefore }: Run): string {
  const words =
    text ??
    (node === undefined
      ? values === undefined
        ? inWords(embed)
        : values.map(inWords).join(', ')
      : plainText(node))
  const note = status === 'changed' ? markChanges(marksBefore, marks) : ''
  return note === '' ? words : `${words} (${note})`
}

/** What a shared type says, without its structure. */
export const plainText = ({ runs = [] }: TypeRuns): string =>
  runs.map((run) => run.text ?? (run.node === undefined ? '' : plainText(run.node))).join('')

export function entryText({ status, before, after }: EntryRun): string {
  if (status === 'changed' && before !== undefined) return `${contentText(before)} → ${contentText(after)}`
  return contentText(after ?? before)
}

export const contentText = (content: EntryContent | undefined): string =>
  content?.node === undefined ? inWords(content?.value) : plainText(content.node) || '…'

export const inWords = (value: unknown): string =>
  typeof value === 'string' ? `“${value}”` : (JSON.stringify(value) ?? '')

/** “bold added, link removed” */
export function markChanges(before: Run['marks'] = {}, after: Run['marks'] = {}): string {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])]
  return names
    .flatMap((name) => {
      if (!(name in before)) return [`${name} added`]
      if (!(name in after)) return [`${name} removed`]
      return JSON.stringify(before[name]) === JSON.stringify(after[name]) ? [] : [`${name} changed`]
    })
    .join(', ')
}

const shorten = (text: string): string => {
  const line = text.replaceAll(/\s+/g, ' ')
  return line.length > MAX_EXCERPT ? `${line.slice(0, MAX_EXCERPT - 1)}…` : line
}

export const STATUS_WORDS: Readonly<Record<RunStatus, string>> = {
  equal: 'Unchanged',
  inserted: 'Added',
  deleted: 'Removed',
  changed: 'Changed',
}

export const STATUS_SIGNS: Readonly<Record<RunStatus, string>> = {
  equal: '',
  inserted: '+',
  deleted: '−',
  changed: '~',
}

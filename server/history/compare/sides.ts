import { isDeepStrictEqual } from 'node:util'
import type { Diff, EntryContent, EntryDiff, Marks, Run, TypeDiff, TypeKind } from './diff-tree.ts'

/** The content of a document's shared types, as a diff has it on one side. */
export type Content = Readonly<Record<string, TypeContent>>

export interface TypeContent {
  readonly kind: TypeKind
  readonly name?: string
  readonly entries?: Readonly<Record<string, ContentValue>>
  readonly children?: readonly Child[]
}

export type ContentValue = { readonly value: unknown } | { readonly node: TypeContent }

export type Child = { readonly marks?: Marks } & (
  | { readonly text: string }
  | { readonly embed: unknown }
  | { readonly value: unknown }
  | { readonly node: TypeContent }
)

/** What the document was before the changes: without what is inserted. */
export const contentBefore = (diff: Diff): Content => side(diff, 'before')

/** What the document is after the changes: without what is deleted. */
export const contentAfter = (diff: Diff): Content => side(diff, 'after')

/** Applies a diff to the content that it starts from. @throws RangeError where that is another one. */
export function applyDiff(content: Content, diff: Diff): Content {
  if (!isDeepStrictEqual(contentBefore(diff), content))
    throw new RangeError('the diff starts from another content')
  return contentAfter(diff)
}

type Side = 'before' | 'after'

const side = ({ types }: Diff, which: Side): Content =>
  Object.fromEntries(
    Object.entries(types)
      .map(([name, type]) => [name, typeContent(type, which)] as const)
      .filter(([, { children = [], entries = {} }]) => children.length + Object.keys(entries).length > 0),
  )

function typeContent({ kind, name, entries, runs }: TypeDiff, which: Side): TypeContent {
  const kept = Object.entries(entries ?? {}).flatMap(([key, entry]) => {
    const content = entryOn(entry, which)
    return content === undefined ? [] : [[key, contentValue(content, which)] as const]
  })
  return {
    kind,
    ...(name !== undefined && { name }),
    ...((kind === 'map' || kept.length > 0) && { entries: Object.fromEntries(kept) }),
    ...(runs !== undefined && { children: children(runs, which) }),
  }
}

const entryOn = ({ status, before, after }: EntryDiff, which: Side): EntryContent | undefined =>
  which === 'after' ? after : status === 'inserted' ? undefined : (before ?? after)

const contentValue = (content: EntryContent, which: Side): ContentValue =>
  'node' in content ? { node: typeContent(content.node, which) } : { value: content.value }

function children(runs: readonly Run[], which: Side): Child[] {
  const list: Child[] = []
  for (const run of runs) {
    if (run.status === (which === 'before' ? 'inserted' : 'deleted')) continue
    const marks = marksOn(run, which)
    const last = list.at(-1)
    if ('values' in run) for (const value of run.values) list.push({ value })
    else if ('node' in run) list.push({ node: typeContent(run.node, which), ...marks })
    else if ('embed' in run) list.push({ embed: run.embed, ...marks })
    else if (last !== undefined && 'text' in last && isDeepStrictEqual(last.marks, marks.marks)) {
      list[list.length - 1] = { ...last, text: last.text + run.text }
    } else list.push({ text: run.text, ...marks })
  }
  return list
}

function marksOn(run: Run, which: Side): { marks?: Marks } {
  if ('values' in run) return {}
  const marks = which === 'before' && run.marksBefore !== undefined ? run.marksBefore : run.marks
  return marks === undefined || Object.keys(marks).length === 0 ? {} : { marks }
}

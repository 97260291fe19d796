import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as Y from 'yjs'
import { checkUpdate } from '../../../server/documents/check-update.ts'
import { hasPending } from '../../../server/documents/pending.ts'
import { Attribution } from '../../../server/history/compare/attribution.ts'
import { LogAuthors } from '../../../server/history/compare/authors.ts'
import { diff } from '../../../server/history/compare/diff.ts'
import type { Diff, EntryDiff, Run, TypeDiff } from '../../../server/history/compare/diff-tree.ts'
import { type Content, contentAfter } from '../../../server/history/compare/sides.ts'
import { viewAt } from '../../../server/history/compare/view.ts'
import { HistoryDocument, type HistoryEntry } from '../../../server/history/positions/history-document.ts'
import { planRestore } from '../../../server/history/restore/plan.ts'
import type { RestoreTarget } from '../../../server/history/restore/target.ts'
import { edit, seeded, WIDE_WORDS } from '../../documents/random-edit.ts'
import { readContent, replay } from './read-content.ts'
import { EMBED, PEOPLE, writeTogether } from './session.ts'

const runs = { seed: 4, numRuns: 30 }

const histories = new WeakMap<readonly HistoryEntry[], HistoryDocument>()

function historyOf(entries: readonly HistoryEntry[]): HistoryDocument {
  const known = histories.get(entries) ?? HistoryDocument.fromEntries(entries)
  histories.set(entries, known)
  return known
}

function plan(entries: readonly HistoryEntry[], target: RestoreTarget) {
  return planRestore(historyOf(entries), LogAuthors.of(entries), target)
}

/** The live document, with garbage collection on, after a restore. */
function restored(entries: readonly HistoryEntry[], target: RestoreTarget): Y.Doc {
  const live = replay(entries, entries.length)
  const { update } = plan(entries, target)
  if (update !== undefined) {
    checkUpdate(update)
    Y.applyUpdate(live, update)
  }
  expect(hasPending(live)).toBe(false)
  return live
}

/** A log of one person after the other, an hour apart, who each edit what is there. */
function log(...edits: readonly (readonly [actor: string, edit: (doc: Y.Doc) => void])[]): HistoryEntry[] {
  const doc = new Y.Doc()
  const entries: HistoryEntry[] = []
  doc.on('update', (bytes: Uint8Array, actor: string) => {
    entries.push({ seq: entries.length + 1, at: entries.length * 3_600_000, actor, bytes })
  })
  for (const [actor, edit] of edits) doc.transact(() => edit(doc), actor)
  return entries
}

describe('the restore of a version', () => {
  it('[HIS50] gives the version, in every shared type', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), (seed, at) => {
        const { entries } = writeTogether(seed, 60, WIDE_WORDS)
        const seq = at % (entries.length + 1)
        expect(readContent(restored(entries, { kind: 'version', seq }))).toEqual(
          readContent(replay(entries, seq)),
        )
      }),
      runs,
    )
  })

  it('[HIS51] is an ordinary edit: what was typed meanwhile stays, in whatever order the two arrive', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), (seed, at) => {
        const { entries } = writeTogether(seed, 60, WIDE_WORDS)
        const { update } = plan(entries, { kind: 'version', seq: at % (entries.length + 1) })
        const editor = replay(entries, entries.length)
        const before = Y.encodeStateVector(editor)
        const text = editor.getText('content')
        const random = seeded(seed)
        for (let i = 0; i < 20; i += 1) text.insert(Math.floor(random() * (text.length + 1)), `‹${i}›`)
        for (let i = 0; i < 10; i += 1) edit(editor, random)
        const typed = Y.encodeStateAsUpdate(editor, before)
        const survives = [...text.toString().matchAll(/‹\d+›/g)].map(([word]) => word)
        const updates = [typed, ...(update === undefined ? [] : [update])]
        const replicas = [updates, updates.toReversed()].map((order) => {
          const replica = replay(entries, entries.length)
          for (const one of order) Y.applyUpdate(replica, one)
          expect(hasPending(replica)).toBe(false)
          return replica
        })
        const [one, other] = replicas.map(readContent)
        expect(one).toEqual(other)
        const said = replicas[0]?.getText('content').toString()
        for (const word of survives) expect(said).toContain(word)
      }),
      runs,
    )
  })

  it('[HIS51] has a control: putting the old text in the place of the new one takes what was typed meanwhile', () => {
    const entries = log(
      ['ada', (doc) => doc.getText('content').insert(0, 'as it was')],
      ['bob', (doc) => doc.getText('content').insert(3, 'changed, not ')],
    )
    const typed = 'typed meanwhile'
    const meanwhile = (doc: Y.Doc) => doc.getText('content').insert(doc.getText('content').length, typed)
    const { update } = plan(entries, { kind: 'version', seq: 1 })
    const live = replay(entries, 2)
    meanwhile(live)
    if (update !== undefined) Y.applyUpdate(live, update)
    expect(live.getText('content').toString()).toBe(`as it was${typed}`)
    const replaced = replay(entries, 2)
    meanwhile(replaced)
    replaced.getText('content').delete(0, replaced.getText('content').length)
    replaced.getText('content').insert(0, 'as it was')
    expect(replaced.getText('content').toString()).not.toContain(typed)
  })

  it('[HIS53] mends a character that somebody cut in two', () => {
    const entries = log(
      ['ada', (doc) => doc.getText('content').insert(0, 'a 👋 here')],
      ['bob', (doc) => doc.getText('content').delete(3, 1)],
    )
    expect(replay(entries, 2).getText('content').toString()).toBe('a \ufffd here')
    const live = restored(entries, { kind: 'version', seq: 1 })
    expect(live.getText('content').toString()).toBe('a 👋 here')
  })

  it('[HIS50] changes nothing where there is nothing to change', () => {
    const { entries } = writeTogether(7, 40)
    expect(plan(entries, { kind: 'version', seq: entries.length }).update).toBeUndefined()
  })

  it('[HIS52] shows beforehand exactly what it will give', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), (seed, at) => {
        const { entries } = writeTogether(seed, 60, WIDE_WORDS)
        const live = replay(entries, entries.length)
        const seq = at % (entries.length + 1)
        const { update, diff: preview } = plan(entries, { kind: 'version', seq })
        if (update !== undefined) Y.applyUpdate(live, update)
        expect(contentAfter(preview)).toEqual(readContent(live))
      }),
      runs,
    )
  })

  it('[HIS53] puts a word back between its neighbours, with its marks, and not at a number', () => {
    const entries = log(
      ['ada', (doc) => doc.getText('content').insert(0, 'one two three')],
      ['ada', (doc) => doc.getText('content').format(4, 3, { bold: true })],
      ['bob', (doc) => doc.getText('content').delete(4, 4)],
      ['cleo', (doc) => doc.getText('content').insert(0, 'before ')],
      ['cleo', (doc) => doc.getText('content').insert(doc.getText('content').length, ' after')],
    )
    const changes = diffOf(entries, 2, 5)
    const deleted = (changes.types.content?.runs ?? []).filter(({ status }) => status === 'deleted')
    const hunks = [...new Set(deleted.map(({ hunk = -1 }) => hunk))] // the bold word, and the space behind it
    expect(hunks).toHaveLength(2)
    const live = restored(entries, { kind: 'hunks', from: 2, to: 5, hunks })
    expect(live.getText('content').toDelta()).toEqual([
      { insert: 'before one ' },
      { insert: 'two', attributes: { bold: true } },
      { insert: ' three after' },
    ])
  })
})

const diffOf = (entries: readonly HistoryEntry[], from: number, to: number): Diff => {
  const history = historyOf(entries)
  // With every entry apart: what a hunk's number is does not depend on it.
  const options = { attribution: new Attribution(history, LogAuthors.of(entries)), within: 0 }
  return diff(history.structure, viewAt(history, from), viewAt(history, to), options).diff
}

describe('the restore of a hunk', () => {
  it('[HIS54] takes back that change and no other', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.nat(), (seed, at, which) => {
        const { entries } = writeTogether(seed, 60)
        const [from, to] = [at % entries.length, entries.length]
        const changes = diffOf(entries, from, to)
        const numbers = [...new Set(hunksIn(changes))]
        if (numbers.length === 0) return
        const hunk = numbers[which % numbers.length] ?? -1
        const live = restored(entries, { kind: 'hunks', from, to, hunks: [hunk] })
        expect(readContent(live)).toEqual(withoutHunk(changes, [hunk]))
      }),
      { seed: 4, numRuns: 50 },
    )
  })

  it('[HIS54] all together give the first position', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), (seed, at) => {
        const { entries } = writeTogether(seed, 60)
        const [from, to] = [at % entries.length, entries.length]
        const hunks = hunksIn(diffOf(entries, from, to))
        const live = restored(entries, { kind: 'hunks', from, to, hunks })
        expect(readContent(live)).toEqual(readContent(replay(entries, from)))
      }),
      runs,
    )
  })

  it('[HIS54] brings back what stood in something that is gone as well, with what it stood in', () => {
    const entries = log(
      [
        'ada',
        (doc) => doc.getXmlFragment('default').insert(0, [paragraph('kept and lost'), paragraph('next')]),
      ],
      ['bob', (doc) => textOf(doc, 0).delete(8, 5)],
      ['cleo', (doc) => doc.getXmlFragment('default').delete(0, 1)],
    )
    const live = restored(entries, { kind: 'hunks', from: 1, to: 2, hunks: [0] })
    expect(live.getXmlFragment('default').toString()).toBe(
      '<paragraph> lost</paragraph><paragraph>next</paragraph>',
    )
  })

  it('[HIS54] refuses a hunk that the diff does not have', () => {
    expect(() => plan(writeTogether(1, 20).entries, { kind: 'hunks', from: 0, to: 1, hunks: [999] })).toThrow(
      /there is no hunk 999/,
    )
  })
})

describe('the restore of a block', () => {
  it('[HIS55] gives it as it was at the position, and touches no other', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.nat(), (seed, at, which) => {
        const { entries } = writeTogether(seed, 80, WIDE_WORDS)
        const [seq, to] = [at % entries.length, entries.length]
        const nodes = (diffOf(entries, seq, to).types.default?.runs ?? []).filter((run) => 'node' in run)
        const block = nodes[which % Math.max(nodes.length, 1)]
        if (block === undefined) return
        const live = restored(entries, { kind: 'block', seq, id: block.id })
        const then = (id: string) => contentAfter(pick(diffOf(entries, seq, seq), id))
        const children = readContent(live).default?.children ?? []
        const expected = nodes
          .filter((run) => run.status !== 'deleted' || run.id === block.id)
          .filter((run) => run.status !== 'inserted' || run.id !== block.id)
          .flatMap(
            ({ id }) =>
              (id === block.id ? then(id) : contentAfter(pick(diffOf(entries, to, to), id))).default
                ?.children ?? [],
          )
        expect(children).toEqual(expected)
        const { default: _, ...others } = readContent(live)
        const { default: __, ...now } = readContent(replay(entries, to))
        expect(others).toEqual(now)
      }),
      { seed: 4, numRuns: 30 },
    )
  })

  it.each(['1:1', 'x', '', '-1:0', '5:5:5'])('[HIS55] refuses the block %j', (id) => {
    expect(() => plan(writeTogether(1, 20).entries, { kind: 'block', seq: 1, id })).toThrow(/no such block/)
  })
})

describe('the undoing of one person', () => {
  const everything = { since: 0, until: Number.MAX_SAFE_INTEGER }

  it('[HIS56] takes away what they wrote and brings back what they deleted; the others’ work stays', () => {
    const entries = log(
      ['ada', (doc) => doc.getText('content').insert(0, 'Ada wrote this, and that.')],
      ['bob', (doc) => doc.getText('content').delete(9, 5)],
      ['bob', (doc) => doc.getText('content').insert(0, 'Bob here. ')],
      ['cleo', (doc) => doc.getText('content').insert(5, 'by, says Cleo, ')],
      ['cleo', (doc) => doc.getMap('meta').set('title', 'Cleo’s')],
      ['bob', (doc) => doc.getMap('meta').set('title', 'Bob’s')],
    )
    const live = restored(entries, { kind: 'person', actor: 'bob', ...everything })
    expect(live.getText('content').toString()).toBe('by, says Cleo, Ada wrote this, and that.')
    expect(live.getMap('meta').toJSON()).toEqual({ title: 'Cleo’s' })
  })

  it('[HIS56] undoes only what they did in the time', () => {
    const entries = log(
      ['bob', (doc) => doc.getText('content').insert(0, 'one ')],
      ['bob', (doc) => doc.getText('content').insert(4, 'two ')],
      ['bob', (doc) => doc.getText('content').insert(8, 'three')],
    )
    const hour = 3_600_000
    const live = restored(entries, { kind: 'person', actor: 'bob', since: hour, until: hour })
    expect(live.getText('content').toString()).toBe('one three')
  })

  it('[HIS56] keeps a paragraph of theirs for what others wrote in it, and what others deleted stays deleted', () => {
    const entries = log(
      [
        'bob',
        (doc) => doc.getXmlFragment('default').insert(0, [paragraph('Bob’s own'), paragraph('Bob’s too')]),
      ],
      ['ada', (doc) => textOf(doc, 0).insert(0, 'Ada’s word ')],
      [
        'ada',
        (doc) => doc.getXmlFragment('default').insert(2, [paragraph('Ada’s'), paragraph('Ada’s, doomed')]),
      ],
      ['bob', (doc) => textOf(doc, 3).delete(0, 7)],
      ['cleo', (doc) => doc.getXmlFragment('default').delete(3, 1)],
      ['bob', (doc) => doc.getXmlFragment('default').delete(2, 1)],
    )
    const live = restored(entries, { kind: 'person', actor: 'bob', ...everything })
    expect(live.getXmlFragment('default').toString()).toBe(
      '<paragraph>Ada’s word </paragraph><paragraph>Ada’s</paragraph>',
    )
  })

  it('[HIS56] lets a key be as the others left it', () => {
    const entries = log(
      ['ada', (doc) => doc.getMap('meta').set('a', 1)],
      ['ada', (doc) => doc.getMap('meta').set('b', 1)],
      ['ada', (doc) => doc.getMap('meta').set('c', 1)],
      [
        'bob',
        (doc) => {
          for (const key of ['a', 'b', 'c', 'd']) doc.getMap('meta').set(key, 2)
        },
      ],
      ['cleo', (doc) => doc.getMap('meta').delete('b')],
      ['cleo', (doc) => doc.getMap('meta').set('c', 3)],
      ['bob', (doc) => doc.getMap('meta').delete('a')],
    )
    const live = restored(entries, { kind: 'person', actor: 'bob', ...everything })
    expect(live.getMap('meta').toJSON()).toEqual({ a: 1, c: 3 })
  })

  it('[HIS56] leaves of a text exactly what others wrote and nobody but them deleted', () => {
    fc.assert(
      fc.property(fc.nat(), fc.constantFrom(...PEOPLE), (seed, actor) => {
        const { entries, recorded } = writeTogether(seed, 60)
        const by = (seq: number | undefined) => entries.find((entry) => entry.seq === seq)?.actor
        const expected = recorded.filter(
          ({ written, deleted }) => by(written) !== actor && (deleted === undefined || by(deleted) === actor),
        )
        const live = restored(entries, { kind: 'person', actor, ...everything })
        const found = live
          .getText('content')
          .toDelta()
          .flatMap(({ insert }: { insert: unknown }) =>
            typeof insert === 'string' ? insert.split('') : [EMBED],
          )
        expect(found.sort()).toEqual(expected.map(({ char }) => char).sort())
      }),
      runs,
    )
  })
})

/** Only the block of this id, of a diff of a position with itself. */
function pick(changes: Diff, id: string): Diff {
  const { kind = 'fragment', runs = [] } = changes.types.default ?? {}
  return { types: { default: { kind, runs: runs.filter((run) => 'node' in run && run.id === id) } } }
}

const paragraph = (text: string): Y.XmlElement => {
  const element = new Y.XmlElement('paragraph')
  element.insert(0, [new Y.XmlText(text)])
  return element
}

const textOf = (doc: Y.Doc, index: number): Y.XmlText => {
  const element = doc.getXmlFragment('default').get(index)
  const text = element instanceof Y.XmlElement ? element.get(0) : undefined
  if (text instanceof Y.XmlText) return text
  throw new TypeError('not a paragraph')
}

function hunksIn({ types }: Diff): number[] {
  const inType = ({ entries = {}, runs = [] }: TypeDiff): number[] => [
    ...Object.values(entries).flatMap((entry) => [
      ...numbered(entry.hunk),
      ...[entry.before, entry.after].flatMap((content) =>
        content && 'node' in content ? inType(content.node) : [],
      ),
    ]),
    ...runs.flatMap((run) => [...numbered(run.hunk), ...('node' in run ? inType(run.node) : [])]),
  ]
  const numbered = (hunk: number | undefined) => (hunk === undefined ? [] : [hunk])
  return Object.values(types).flatMap(inType)
}

/** What the second side is, but for these changes, which are as on the first. */
function withoutHunk({ types }: Diff, hunks: readonly number[]): Content {
  const inType = (type: TypeDiff): TypeDiff => ({
    ...type,
    ...(type.entries && {
      entries: Object.fromEntries(
        Object.entries(type.entries).flatMap(([key, entry]) => {
          const found = entryWithout(entry)
          return found === undefined ? [] : [[key, found]]
        }),
      ),
    }),
    ...(type.runs && { runs: type.runs.flatMap(runWithout) }),
  })
  const entryWithout = (entry: EntryDiff): EntryDiff | undefined => {
    if (entry.hunk !== undefined && hunks.includes(entry.hunk)) {
      return entry.before && { status: 'equal', after: swap(entry.before, allEqual) }
    }
    return entry.after && { ...entry, after: swap(entry.after, inType) }
  }
  const runWithout = (run: Run): Run[] => {
    if (run.hunk !== undefined && hunks.includes(run.hunk)) {
      if (run.status === 'inserted') return []
      if (run.status === 'deleted') return [asEqual(run)]
      return [{ ...run, marks: 'marksBefore' in run ? run.marksBefore : undefined } as Run]
    }
    return ['node' in run ? { ...run, node: inType(run.node) } : run]
  }
  return contentAfter({
    types: Object.fromEntries(Object.entries(types).map(([name, type]) => [name, inType(type)])),
  })
}

/** A deleted node has only deleted things inside, which are all back. */
function asEqual(run: Run): Run {
  return 'node' in run ? { ...run, status: 'equal', node: allEqual(run.node) } : { ...run, status: 'equal' }
}

const allEqual = (type: TypeDiff): TypeDiff => ({
  ...type,
  ...(type.entries && {
    entries: Object.fromEntries(
      Object.entries(type.entries).map(([key, { before, after: later }]) => {
        const content = before ?? later
        return [key, { status: 'equal', ...(content && { after: swap(content, allEqual) }) }]
      }),
    ),
  }),
  ...(type.runs && { runs: type.runs.map(asEqual) }),
})

const swap = (content: NonNullable<EntryDiff['after']>, change: (type: TypeDiff) => TypeDiff) =>
  'node' in content ? { ...content, node: change(content.node) } : content

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as Y from 'yjs'
import { Attribution } from '../../../server/history/compare/attribution.ts'
import { LogAuthors } from '../../../server/history/compare/authors.ts'
import { diff } from '../../../server/history/compare/diff.ts'
import { applyDiff, contentAfter, contentBefore } from '../../../server/history/compare/sides.ts'
import { viewAt } from '../../../server/history/compare/view.ts'
import { HistoryDocument, type HistoryEntry } from '../../../server/history/positions/history-document.ts'
import { WIDE_WORDS } from '../../documents/random-edit.ts'
import { readContent, replay } from './read-content.ts'
import { writeTogether } from './session.ts'

const seeds = { seed: 4, numRuns: 60 }

describe('the diff of two positions', () => {
  it('[HIS45] applied to the one gives the other, in both directions', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.nat(), (seed, a, b) => {
        const { entries } = writeTogether(seed, 60, WIDE_WORDS)
        const history = HistoryDocument.fromEntries(entries)
        const [from, to] = [a % (history.head + 1), b % (history.head + 1)]
        const contents = [from, to].map((seq) => readContent(replay(entries, seq)))
        const found = diff(history.structure, viewAt(history, from), viewAt(history, to))
        expect(contentBefore(found.diff)).toEqual(contents[0])
        expect(applyDiff(contents[0] ?? {}, found.diff)).toEqual(contents[1])
        expect(contentAfter(found.diff)).toEqual(contents[1])
      }),
      seeds,
    )
  })

  it('[HIS45] goes by identity: an equal word typed again is a change, and a value set again as well', () => {
    const doc = new Y.Doc()
    const entries: HistoryEntry[] = []
    doc.on('update', (bytes: Uint8Array) =>
      entries.push({ seq: entries.length + 1, at: 0, actor: 'ada', bytes }),
    )
    doc.transact(() => {
      doc.getText('content').insert(0, 'the same')
      doc.getMap('meta').set('title', 'same')
    })
    doc.transact(() => {
      doc.getText('content').delete(4, 4)
      doc.getText('content').insert(4, 'same')
      doc.getMap('meta').set('title', 'same')
    })
    const history = HistoryDocument.fromEntries(entries)
    const { types } = diff(history.structure, viewAt(history, 1), viewAt(history, 2)).diff
    expect(types.content?.runs?.map(({ status }) => status).sort()).toEqual(['deleted', 'equal', 'inserted'])
    expect(types.meta?.entries?.title).toEqual({
      status: 'changed',
      before: { value: 'same' },
      after: { value: 'same' },
      hunk: 2,
    })
  })

  it('[HIS45] has a control: what Yjs itself finds of a map at a position misses values set one after the other', () => {
    const doc = new Y.Doc({ gc: false })
    const map = doc.getMap('meta')
    map.set('key', 1)
    map.set('key', 2)
    const then = Y.snapshot(doc)
    const entries = [{ seq: 1, at: 0, actor: 'ada', bytes: Y.encodeStateAsUpdate(doc) }]
    const before = Y.encodeStateVector(doc)
    map.set('key', 3)
    const loaded = new Y.Doc({ gc: false })
    Y.applyUpdate(loaded, Y.encodeStateAsUpdate(doc))
    expect(Y.typeMapGetSnapshot(loaded.getMap('meta'), 'key', then)).toBeUndefined()
    entries.push({ seq: 2, at: 0, actor: 'ada', bytes: Y.encodeStateAsUpdate(doc, before) })
    const history = HistoryDocument.fromEntries(entries)
    const { types } = diff(history.structure, viewAt(history, 1), viewAt(history, 1)).diff
    expect(types.meta?.entries?.key?.after).toEqual({ value: 2 })
  })

  it('[HIS45] tells changed marks, changed attributes and changed insides from what came and went', () => {
    const doc = new Y.Doc()
    const entries: HistoryEntry[] = []
    doc.on('update', (bytes: Uint8Array, actor: string) =>
      entries.push({ seq: entries.length + 1, at: 0, actor, bytes }),
    )
    const element = new Y.XmlElement('heading')
    const text = new Y.XmlText('A title')
    doc.transact(() => {
      element.setAttribute('level', '1')
      element.insert(0, [text])
      doc.getXmlFragment('default').insert(0, [element])
    }, 'ada')
    doc.transact(() => element.setAttribute('level', '2'), 'bob')
    doc.transact(() => text.format(2, 5, { bold: {} }), 'cleo')
    const history = HistoryDocument.fromEntries(entries)
    const attribution = new Attribution(history, LogAuthors.of(entries))
    const { types } = diff(history.structure, viewAt(history, 1), viewAt(history, 3), { attribution }).diff
    expect(types.default).toEqual({
      kind: 'fragment',
      runs: [
        {
          status: 'changed',
          id: expect.stringMatching(/^\d+:0$/),
          node: {
            kind: 'element',
            name: 'heading',
            entries: {
              level: {
                status: 'changed',
                before: { value: '1' },
                after: { value: '2' },
                by: { seq: 2, actor: 'bob', at: 0 },
                hunk: 0,
              },
            },
            runs: [
              {
                status: 'changed',
                id: expect.stringMatching(/^\d+:\d+$/),
                node: {
                  kind: 'text',
                  runs: [
                    { status: 'equal', text: 'A ' },
                    {
                      status: 'changed',
                      text: 'title',
                      marks: { bold: {} },
                      marksBefore: {},
                      by: { seq: 3, actor: 'cleo', at: 0 },
                      hunk: 1,
                    },
                  ],
                },
              },
            ],
          },
        },
      ],
    })
  })
})

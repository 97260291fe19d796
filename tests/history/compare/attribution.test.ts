import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as Y from 'yjs'
import { Attribution } from '../../../server/history/compare/attribution.ts'
import { LogAuthors } from '../../../server/history/compare/authors.ts'
import { blame } from '../../../server/history/compare/blame.ts'
import { searchDeleted } from '../../../server/history/compare/deleted-text.ts'
import { diff } from '../../../server/history/compare/diff.ts'
import type { Diff, Status } from '../../../server/history/compare/diff-tree.ts'
import { Lifetimes, lifetimesOf, NEVER } from '../../../server/history/compare/lifetimes.ts'
import { findPassages, type Passage, passageOf } from '../../../server/history/compare/passages.ts'
import { type View, viewAt } from '../../../server/history/compare/view.ts'
import { HistoryDocument, type HistoryEntry } from '../../../server/history/positions/history-document.ts'
import { ServerDocument } from '../../documents/server-document.ts'
import { EMBED, type Recorded, writeTogether } from './session.ts'

const runs = { seed: 4, numRuns: 40 }

const byWriting = (a: string, b: string) => (a < b ? -1 : 1)
const line = ({ char, written, deleted }: Recorded) => `${written} ${deleted ?? '-'} ${char}`

/** A log in which each of these people does what the function says, one after the other. */
function log(...edits: readonly (readonly [actor: string, edit: (text: Y.Text) => void])[]): HistoryEntry[] {
  const doc = new Y.Doc()
  const entries: HistoryEntry[] = []
  doc.on('update', (bytes: Uint8Array, actor: string) => {
    entries.push({ seq: entries.length + 1, at: entries.length * 3_600_000, actor, bytes })
  })
  for (const [actor, edit] of edits) doc.transact(() => edit(doc.getText('content')), actor)
  return entries
}

const attributionOf = (history: HistoryDocument, entries: readonly HistoryEntry[]) =>
  new Attribution(history, LogAuthors.of(entries))

describe('attribution', () => {
  it('[HIS40] knows of every character, visible or deleted, who wrote it and who deleted it', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const { entries, recorded, visible } = writeTogether(seed, 60)
        const history = HistoryDocument.fromEntries(entries)
        const text = lifetimesOf(history, attributionOf(history, entries), history.head).find(
          ({ type, node }) => type === 'content' && !node,
        )
        const found = (text?.written ?? []).map((written, index) => {
          const seq = text?.deleted[index]
          return { char: text?.text.charAt(index) ?? '', written, deleted: seq === NEVER ? undefined : seq }
        })
        const someDeleted = recorded.some(({ deleted }) => deleted !== undefined)
        if (!someDeleted) return
        expect(found.map(line).sort(byWriting)).toEqual(recorded.map(line).sort(byWriting))
        expect(found.filter(({ deleted }) => deleted === undefined)).toEqual(visible)
      }),
      runs,
    )
  })

  it('[HIS41] blames every run on who wrote it, and when', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const { entries, visible } = writeTogether(seed, 60)
        const history = HistoryDocument.fromEntries(entries)
        const { types } = blame(history, LogAuthors.of(entries), history.head, 0)
        const found = (types.content?.runs ?? []).flatMap((run) =>
          [...('text' in run ? run.text.split('') : EMBED)].map((char) => ({ char, written: run.by?.seq })),
        )
        expect(found).toEqual(visible.map(({ char, written }) => ({ char, written })))
        for (const { by } of types.content?.runs ?? []) {
          const entry = entries.find(({ seq }) => seq === by?.seq)
          expect(by).toEqual({ seq: entry?.seq, actor: entry?.actor, at: entry?.at })
        }
      }),
      runs,
    )
  })

  it('[HIS41] joins one person’s entries of the same minute, and keeps the first and the last of them', () => {
    const doc = new Y.Doc()
    const entries: HistoryEntry[] = []
    doc.on('update', (bytes: Uint8Array) => {
      entries.push({ seq: entries.length + 1, at: 1_000 * entries.length, actor: 'ada', bytes })
    })
    for (const char of 'typed') doc.getText('content').insert(doc.getText('content').length, char)
    const history = HistoryDocument.fromEntries(entries)
    const { types } = blame(history, LogAuthors.of(entries), 5)
    expect(types.content?.runs).toEqual([
      {
        text: 'typed',
        status: 'equal',
        by: { seq: 5, actor: 'ada', at: 4_000 },
        since: { seq: 1, actor: 'ada', at: 0 },
      },
    ])
  })

  it('[HIS42] does not hold a client that reconnects answerable for the whole delete set that it brings', () => {
    const doc = new Y.Doc()
    doc.getText('content').insert(0, 'gone kept')
    const written = Y.encodeStateAsUpdate(doc)
    doc.getText('content').delete(0, 5)
    const all = Y.encodeStateAsUpdate(doc)
    const entries = [
      { seq: 1, at: 1, actor: 'ada', bytes: written },
      { seq: 2, at: 2, actor: 'bob', bytes: all },
      { seq: 3, at: 3, actor: 'cleo', bytes: all },
    ]
    const named = entries.filter(({ bytes }) => Y.decodeUpdate(bytes).ds.clients.has(doc.clientID))
    expect(named.map(({ actor }) => actor)).toEqual(['bob', 'cleo']) // the control: both name what is gone
    const attribution = attributionOf(HistoryDocument.fromEntries(entries), entries)
    expect(attribution.deletion(doc.clientID, 0, 5)).toEqual({ seq: 2, end: 5 })
    expect(attribution.insertion(doc.clientID, 0, 9)).toEqual({ seq: 1, end: 9 })
  })

  it('[HIS43] says of every change, in both directions, which entry made it', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), (seed, at) => {
        const { entries, recorded } = writeTogether(seed, 60)
        const history = HistoryDocument.fromEntries(entries)
        const seq = at % history.head
        const [then, now] = [viewAt(history, seq), viewAt(history, history.head)]
        const attribution = attributionOf(history, entries)
        const changed = (from: View, to: View, backward: boolean, status: Status) =>
          charsOf(diff(history.structure, from, to, { attribution, backward, within: 0 }).diff, status).sort(
            byWriting,
          )
        const added = recorded.filter(({ written, deleted }) => written > seq && deleted === undefined)
        const gone = recorded.filter(({ written, deleted = 0 }) => written <= seq && deleted > seq)
        const additions = added.map(({ char, written }) => `${char} ${written}`).sort(byWriting)
        const removals = gone.map(({ char, deleted }) => `${char} ${deleted}`).sort(byWriting)
        expect(changed(then, now, false, 'inserted')).toEqual(additions)
        expect(changed(then, now, false, 'deleted')).toEqual(removals)
        expect(changed(now, then, true, 'deleted')).toEqual(additions)
        expect(changed(now, then, true, 'inserted')).toEqual(removals)
      }),
      runs,
    )
  })
})

/** The characters of `content` in runs of one status, each with the entry that is behind it. */
const charsOf = ({ types }: Diff, status: Status): string[] =>
  (types.content?.runs ?? [])
    .filter((run) => run.status === status)
    .flatMap((run) => ('text' in run ? run.text : EMBED).split('').map((char) => `${char} ${run.by?.seq}`))

describe('the search in deleted text', () => {
  const story = log(
    ['ada', (text) => text.insert(0, 'It begins. The cat sat down. It ends.')],
    ['bob', (text) => text.insert(15, 'black ')],
    ['cleo', (text) => text.delete(21, 4)],
    ['cleo', (text) => text.insert(21, 'dog ')],
    ['bob', (text) => text.delete(10, 9)],
    ['ada', (text) => text.delete(10, text.length - 20)],
  )
  const history = HistoryDocument.fromEntries(story)
  const authors = LogAuthors.of(story)
  const attribution = new Attribution(history, authors)
  const search = (text?: string, at = history.head) =>
    searchDeleted(history, authors, { at, limit: 10, ...(text !== undefined && { text }) })

  it('[HIS44] finds what one wrote and others changed and deleted, and says who took it and when', () => {
    expect(search('THE BLACK CAT SAT')).toEqual([
      {
        type: 'content',
        node: undefined,
        text: 'The black cat sat',
        before: 'It begins. ',
        after: ' down. It ends.',
        lastSeq: 2,
        gone: attribution.author(3),
        parts: [
          { text: 'The ', written: attribution.author(1), deleted: attribution.author(5) },
          { text: 'blac', written: attribution.author(2), deleted: attribution.author(5) },
          { text: 'k ', written: attribution.author(2), deleted: attribution.author(6) },
          { text: 'cat ', written: attribution.author(1), deleted: attribution.author(3) },
          { text: 'sat', written: attribution.author(1), deleted: attribution.author(6) },
        ],
      },
    ])
  })

  it('[HIS44] does not find what was never there together, nor what is still there', () => {
    expect(search('cat dog')).toEqual([])
    expect(search('The cat black')).toEqual([])
    expect(search('It begins')).toEqual([])
    expect(search('The cat', 2)).toEqual([])
    expect(search('The black cat', 2)).toEqual([])
    expect(search('The cat', 3)[0]?.gone.actor).toBe('cleo')
  })

  it('[HIS44] finds exactly what could be read at some position and cannot any more', () => {
    const letters = fc.constantFrom('a', 'b')
    const step = fc.record({
      at: fc.nat(),
      insert: fc.option(letters),
      length: fc.integer({ min: 1, max: 2 }),
    })
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 25 }),
        fc.string({ unit: letters, minLength: 2, maxLength: 4 }),
        (steps, query) => {
          type Char = { index: number; char: string }
          const doc = new Y.Doc()
          const text = doc.getText('content')
          const entries: HistoryEntry[] = []
          const model: Char[] = []
          const readable = new Set<string>()
          let chars = 0
          doc.on('update', (bytes: Uint8Array) => {
            entries.push({ seq: entries.length + 1, at: 0, actor: 'ada', bytes })
            const said = model.map(({ char }) => char).join('')
            for (let at = said.indexOf(query); at !== -1; at = said.indexOf(query, at + 1)) {
              readable.add(
                model
                  .slice(at, at + query.length)
                  .map(({ index }) => index)
                  .join(),
              )
            }
          })
          for (const { at, insert, length } of steps) {
            const place = at % (text.length + 1)
            if (insert !== null) {
              model.splice(place, 0, { index: chars, char: insert })
              chars += 1
              text.insert(place, insert)
            } else if (place < text.length) {
              model.splice(place, length)
              text.delete(place, Math.min(length, text.length - place))
            }
          }
          const here = new Set(model.map(({ index }) => index))
          const gone = [...readable].filter(
            (found) => !found.split(',').every((index) => here.has(Number(index))),
          )
          const history = HistoryDocument.fromEntries(entries)
          const [found] = lifetimesOf(history, attributionOf(history, entries), history.head)
          const starts = (passages: readonly string[]) => new Set(passages.map((ids) => ids.split(',')[0]))
          // A character's clock is its place in the order of writing, which is what `index` counts.
          const clocks = found === undefined ? [] : clocksOf(history.structure, found)
          const passages = found === undefined ? [] : passagesOf(found, query)
          const foundIds = passages.map(({ indexes }) => indexes.map((index) => clocks[index]).join())
          for (const ids of foundIds) expect(gone).toContain(ids)
          expect([...starts(foundIds)].sort()).toEqual([...starts(gone)].sort())
        },
      ),
      { seed: 4, numRuns: 500 },
    )
  })

  it('[HIS44] finds what was typed into a paragraph that somebody else had just deleted, in what its writer read', () => {
    const entries: HistoryEntry[] = []
    const told: HistoryEntry[] = []
    const server = new ServerDocument(({ actor, ...update }) => {
      const entry = { seq: entries.length + 1, at: entries.length * 3_600_000, actor }
      entries.push({ ...entry, bytes: update.bytes })
      told.push({ ...entry, bytes: update.told })
    })
    const [ada, bob] = [new Y.Doc(), new Y.Doc()]
    const paragraph = new Y.XmlElement('paragraph')
    paragraph.insert(0, [new Y.XmlText('The quick fox.')])
    ada.getXmlFragment('default').insert(0, [paragraph])
    server.take(Y.encodeStateAsUpdate(ada), 'ada')
    Y.applyUpdate(bob, Y.encodeStateAsUpdate(ada))
    ada.getXmlFragment('default').delete(0, 1)
    server.take(Y.encodeStateAsUpdate(ada), 'ada')
    const seen = (bob.getXmlFragment('default').get(0) as Y.XmlElement).get(0) as Y.XmlText
    for (const [at, char] of [...'brown '].entries()) {
      const before = Y.encodeStateVector(bob)
      seen.insert(10 + at, char)
      server.take(Y.encodeStateAsUpdate(bob, before), 'bob')
    }
    expect(server.doc.getXmlFragment('default').toString()).toBe('')
    const searchIn = (log: readonly HistoryEntry[], text?: string) =>
      searchDeleted(HistoryDocument.fromEntries(log), LogAuthors.of(log), {
        at: log.length,
        limit: 10,
        ...(text !== undefined && { text }),
      })
    for (const text of ['quick brown fox', undefined]) {
      const [passage, ...others] = searchIn(entries, text)
      expect(others).toEqual([])
      expect(passage).toMatchObject({ lastSeq: 1, gone: { seq: 2, actor: 'ada' } })
      expect(
        passage?.parts.map(({ text, written, deleted }) => [text, written.actor, deleted?.actor]),
      ).toEqual([
        [text === undefined ? 'The quick ' : 'quick ', 'ada', 'ada'],
        ['brown ', 'bob', 'ada'],
        [text === undefined ? 'fox.' : 'fox', 'ada', 'ada'],
      ])
    }
    expect(searchIn(entries, 'quick fox'), 'as Ada read it').toMatchObject([{ lastSeq: 1 }])
    expect(searchIn(entries.slice(0, 4), 'brown')).toEqual([])
    expect(searchIn(told, 'brown'), 'control: what Yjs alone tells').toEqual([])
    expect(searchIn(told, 'quick fox')).toHaveLength(1)
  })

  it('[HIS44] lists what one person deleted at a stretch, the latest first', () => {
    expect(search().map(({ text, gone }) => [gone.actor, text])).toEqual([
      ['ada', 'k '],
      ['ada', 'dog sat down'],
      ['bob', ' The blac'],
      ['cleo', 'cat '],
    ])
  })

  it('[HIS44] passes over what was not there at the time in blocks, and finds what lies beyond them', () => {
    const text = new Lifetimes('content', undefined)
    text.push('x', 1, 10)
    for (let i = 0; i < 3_000; i += 1) text.push('.', 20, 30)
    text.push('y', 2, 9)
    expect(passagesOf(text, 'xy')).toEqual([{ indexes: [0, 3_001], until: 9, gone: 9 }])
  })
})

const passagesOf = (text: Lifetimes, query: string): Passage[] =>
  findPassages(text, query).map((found) => passageOf(text, found, query.length))

/** The clocks of a text's characters, visible or not, in the document's order. */
function clocksOf(doc: Y.Doc, { length }: Lifetimes): number[] {
  const clocks: number[] = []
  for (let item = doc.share.get('content')?._start ?? null; item !== null; item = item.right) {
    for (let i = 0; i < item.length; i += 1) clocks.push(item.id.clock + i)
  }
  expect(clocks).toHaveLength(length)
  return clocks
}

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as Y from 'yjs'
import { type Anchor, anchorOf, flatText, resolveAnchors } from '../../client/sdk/index.ts'

const TYPE = 'content'

/** A character that no document has had before. */
const fresh = (() => {
  let next = 0x4e00
  return (length: number): string => {
    if (next > 0x9f00) next = 0x4e00
    return Array.from({ length }, () => String.fromCharCode(next++)).join('')
  }
})()

const rootOf = (doc: Y.Doc) => {
  const root = doc.share.get(TYPE)
  if (root === undefined) throw new Error('the document has no such type')
  return root
}

const place = (doc: Y.Doc, anchor: Anchor) => resolveAnchors(doc, new Map([['it', anchor]])).places.get('it')

const found = (doc: Y.Doc, anchor: Anchor): string | undefined => {
  const at = place(doc, anchor)
  return at?.status === 'found' ? flatText(rootOf(doc)).slice(at.start, at.end) : undefined
}

const exchange = (one: Y.Doc, other: Y.Doc): void => {
  Y.applyUpdate(one, Y.encodeStateAsUpdate(other, Y.encodeStateVector(one)))
  Y.applyUpdate(other, Y.encodeStateAsUpdate(one, Y.encodeStateVector(other)))
}

/** What happens in one of several copies; `at` and `length` are shares of what there is. */
const step = fc.record({
  who: fc.nat(2),
  what: fc.constantFrom('insert', 'delete', 'delete', 'replace', 'undo', 'exchange'),
  at: fc.nat(1_000),
  length: fc.integer({ min: 1, max: 12 }),
})

interface Copy {
  readonly doc: Y.Doc
  readonly undo: Y.UndoManager
}

/** Edits three copies; whatever they have not told each other by then, they do at the end. */
function edit(
  copies: readonly Copy[],
  steps: readonly (typeof step extends fc.Arbitrary<infer S> ? S : never)[],
) {
  for (const { who, what, at, length } of steps) {
    const copy = copies[who]
    const other = copies[(who + 1) % copies.length]
    if (copy === undefined || other === undefined) throw new Error('no such copy')
    const text = copy.doc.getText(TYPE)
    const from = Math.floor((at / 1_001) * (text.length + 1))
    const most = Math.min(length, text.length - from)
    if (what === 'exchange') exchange(copy.doc, other.doc)
    else if (what === 'undo') copy.undo.undo()
    else
      copy.doc.transact(() => {
        if (what !== 'insert' && most > 0) text.delete(from, most)
        if (what !== 'delete') text.insert(from, fresh(length))
      }, 'own')
  }
  for (const { doc } of copies) for (const { doc: other } of copies) if (doc !== other) exchange(doc, other)
  for (const { doc } of copies) for (const { doc: other } of copies) if (doc !== other) exchange(doc, other)
}

/**
 * All characters that there ever were, in the order of the document, gone or not: of a copy that keeps everything.
 * Since each is there but once, what stands between two of them is known without any of what is tested.
 */
function everything(doc: Y.Doc): readonly { readonly character: string; readonly seen: boolean }[] {
  const all: { character: string; seen: boolean }[] = []
  for (let item = doc.getText(TYPE)._start; item !== null; item = item.right)
    for (const character of item.content.getContent())
      all.push({ character: String(character), seen: !item.deleted })
  return all
}

const twoPlaces = fc.tuple(fc.nat(999), fc.nat(999))

describe('a text that somebody commented on', () => {
  it('[COM3] keeps its comment or has gone, whoever edits at the same time, offline too, and takes back', () => {
    let lost = 0
    let kept = 0
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60 }),
        fc.array(twoPlaces, { minLength: 1, maxLength: 6 }),
        fc.array(step, { maxLength: 40 }),
        (length, chosen, steps) => {
          const copies = [0, 1, 2].map(() => new Y.Doc())
          const [first] = copies
          if (first === undefined) throw new Error('no copy')
          first.getText(TYPE).insert(0, fresh(length))
          const keeping = new Y.Doc({ gc: false })
          first.on('update', (update: Uint8Array) => Y.applyUpdate(keeping, update))
          Y.applyUpdate(keeping, Y.encodeStateAsUpdate(first))
          for (const copy of copies.slice(1)) exchange(first, copy)
          const text = flatText(rootOf(first))
          const anchors = chosen.flatMap(([one, other]) => {
            const [start, end] = [one % length, other % length].sort((a, b) => a - b)
            return anchorOf(first, TYPE, start ?? 0, (end ?? 0) + 1) ?? []
          })
          edit(
            copies.map((doc) => {
              const undo = new Y.UndoManager(doc.getText(TYPE), { trackedOrigins: new Set(['own']) })
              return { doc, undo }
            }),
            steps,
          )
          const all = everything(keeping)
          for (const anchor of anchors) {
            // What was taken back stands before what it was.
            const from = all.findLastIndex(({ character }) => character === anchor.quote[0])
            const to = all.findLastIndex(({ character }) => character === anchor.quote.at(-1))
            const range = all
              .slice(from, to + 1)
              .filter(({ seen }) => seen)
              .map(({ character }) => character)
              .join('')
            for (const doc of copies) {
              const said = found(doc, anchor)
              // What was taken back is new to Yjs, and is known by its words.
              if (said === anchor.quote) kept += 1
              else expect(said ?? '').toBe(range)
              if (said === undefined) lost += 1
            }
          }
          expect(text).toHaveLength(length)
        },
      ),
      { numRuns: 300 },
    )
    // Both came up, or nothing was tested.
    expect(Math.min(lost, kept)).toBeGreaterThan(50)
  })

  it('[COM3] has a control: by their places alone comments come to stand at other texts', () => {
    expect(() =>
      fc.assert(
        fc.property(fc.array(step, { minLength: 1, maxLength: 10 }), (steps) => {
          const doc = new Y.Doc()
          const text = doc.getText(TYPE)
          text.insert(0, fresh(20))
          const quote = text.toString().slice(5, 10)
          edit(
            [{ doc, undo: new Y.UndoManager(text) }],
            steps.map((one) => ({ ...one, who: 0 })).filter(({ what }) => what !== 'exchange'),
          )
          const said = text.toString().slice(5, 10)
          expect([...said].every((character) => quote.includes(character))).toBe(true)
        }),
        { numRuns: 100 },
      ),
    ).toThrow()
  })
})

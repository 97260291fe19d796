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

describe('a text in paragraphs', () => {
  const paragraph = (text: string): Y.XmlElement => {
    const element = new Y.XmlElement('paragraph')
    element.insert(0, [new Y.XmlText(text)])
    return element
  }
  const written = (...texts: readonly string[]): { readonly doc: Y.Doc; readonly body: Y.XmlFragment } => {
    const doc = new Y.Doc()
    const body = doc.getXmlFragment(TYPE)
    body.insert(0, texts.map(paragraph))
    return { doc, body }
  }
  const anchorIn = (doc: Y.Doc, quote: string): Anchor => {
    const start = flatText(rootOf(doc)).indexOf(quote)
    const anchor = anchorOf(doc, TYPE, start, start + quote.length)
    if (anchor === undefined) throw new Error('there is no such text')
    return anchor
  }

  it('[COM3] keeps what is left of it where one of its paragraphs goes', () => {
    for (const [gone, left] of [
      [0, 'threefour'],
      [1, 'ne'],
    ] as const) {
      const { doc, body } = written('one', 'threefour', 'five')
      const anchor = anchorIn(doc, gone === 0 ? 'nethreefour' : 'nethree')
      body.delete(gone)
      expect(found(doc, anchor)).toBe(left)
    }
  })

  it('[COM3] finds what an editor makes anew, as it does with each half of a paragraph, by its words', () => {
    const { doc, body } = written('one two three', 'four')
    const anchor = anchorIn(doc, 'two')
    body.delete(0)
    expect(found(doc, anchor)).toBeUndefined()
    body.insert(0, ['one ', 'two three'].map(paragraph))
    expect(found(doc, anchor)).toBe('two')
    // Nothing else is meant by an anchor that tells no more than its place.
    const { before: _, after: __, ...bare } = anchor
    expect(found(doc, bare)).toBeUndefined()
  })

  it('[COM3] takes no other text of the same words for it', () => {
    const { doc, body } = written('the cat sat', 'a cat ran')
    const anchor = anchorIn(doc, 'cat')
    body.delete(0)
    expect(found(doc, anchor)).toBeUndefined()
    // Of two that are alike to their surroundings nobody knows which is meant.
    const same = Array<string>(4).fill('the same words as in all of these paragraphs')
    const twins = written(...same)
    const first = anchorOf(twins.doc, TYPE, 53, 58)
    if (first === undefined) throw new Error('there is no such text')
    expect(found(twins.doc, first)).toBe('words')
    twins.body.delete(0, 4)
    twins.body.insert(0, same.map(paragraph))
    expect(found(twins.doc, first)).toBeUndefined()
    // And of what says too little nobody knows whether it is meant.
    const short = written('cat')
    const cat = anchorIn(short.doc, 'cat')
    short.body.delete(0)
    short.body.insert(0, [paragraph('a cat')])
    expect(found(short.doc, cat)).toBeUndefined()
  })
})

describe('what others send', () => {
  const doc = new Y.Doc()
  doc.getText(TYPE).insert(0, 'one two three')
  doc.getMap('meta').set('title', 'x')

  it('[COM4] is looked for without an error, whatever it is', () => {
    const bytes = fc.uint8Array({ maxLength: 60 })
    const position = fc.oneof(
      bytes.map((one) => Buffer.from(one).toString('base64')),
      fc
        .record({ client: fc.oneof(fc.constant(doc.clientID), fc.nat()), clock: fc.nat(30) })
        .map(({ client, clock }) => {
          const encoded = new Y.RelativePosition(null, null, Y.createID(client, clock), 0)
          return Buffer.from(Y.encodeRelativePosition(encoded)).toString('base64')
        }),
      fc.string(),
    )
    const words = fc.string({ maxLength: 8 })
    fc.assert(
      fc.property(
        fc.record({
          type: fc.constantFrom(TYPE, 'meta', 'none', '__proto__'),
          start: position,
          end: position,
          quote: words,
          before: words,
          after: words,
        }),
        (anchor) => {
          const at = place(doc, anchor)
          if (at?.status !== 'found') return
          expect(at.start).toBeLessThan(at.end)
          expect(at.end).toBeLessThanOrEqual(13)
        },
      ),
      { numRuns: 1_000 },
    )
    expect([...doc.share.keys()]).toEqual([TYPE, 'meta'])
  })

  it('[COM4] is searched a bounded part at a time, and all of it once', () => {
    const long = new Y.Doc()
    const text = long.getText(TYPE)
    text.insert(0, fresh(500))
    const anchors = new Map(
      [...Array(50).keys()].flatMap((at) => {
        const anchor = anchorOf(long, TYPE, at * 10, at * 10 + 5)
        return anchor === undefined ? [] : [[String(at), anchor] as const]
      }),
    )
    const words = text.toString()
    text.delete(0, text.length)
    text.insert(0, words)
    let { places, left } = resolveAnchors(long, anchors, { searched: 2_000 })
    const rounds = [left.size]
    while (left.size > 0) {
      ;({ places, left } = resolveAnchors(long, anchors, { before: places, left, searched: 2_000 }))
      rounds.push(left.size)
    }
    expect(rounds).toEqual([46, 42, 38, 34, 30, 26, 22, 18, 14, 10, 6, 2, 0])
    expect([...places.values()].every(({ status }) => status === 'found')).toBe(true)
  })
})

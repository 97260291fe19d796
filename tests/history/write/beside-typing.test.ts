import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as Y from 'yjs'
import { append, content, documentOf, patch, replace } from './in-memory.ts'

/** Somebody types a word of their own; places are fractions. */
interface Typing {
  readonly person: number
  readonly block: number
  readonly at: number
}

/** What is sent: the text as it is read, with one thing changed. */
interface Sending {
  readonly how: 'word' | 'insert' | 'delete' | 'append' | 'patch'
  readonly block: number
}

const place = fc.integer({ min: 0, max: 999 })
const typing: fc.Arbitrary<Typing> = fc.record({
  person: fc.integer({ min: 0, max: 2 }),
  block: place,
  at: place,
})
const sending: fc.Arbitrary<Sending> = fc.record({
  how: fc.constantFrom('word', 'insert', 'delete', 'append', 'patch'),
  block: place,
})
const rounds = fc.array(fc.record({ typed: fc.array(typing, { maxLength: 4 }), sent: sending }), {
  minLength: 1,
  maxLength: 5,
})

type Rounds = readonly { readonly typed: readonly Typing[]; readonly sent: Sending }[]

const FIRST = [
  'One alpha here.',
  'Two beta *there* too.',
  'Three gamma **more**.',
  'Four delta.',
  'Five epsilon.',
]

const blocksOf = (doc: Y.Doc) =>
  doc
    .getXmlFragment('default')
    .toArray()
    .filter((block) => block instanceof Y.XmlElement)

/** Types between two words of a paragraph, of which it returns the first; undefined where there are none. */
function type(doc: Y.Doc, { block, at }: Typing, word: string): string | undefined {
  const blocks = blocksOf(doc)
  const text = blocks[block % blocks.length]?.get(0)
  if (!(text instanceof Y.XmlText)) return undefined
  const words = (text.toDelta() as { insert: string }[]).map(({ insert }) => insert).join('')
  const spaces = [...words.matchAll(/ /g)].map(({ index }) => index)
  const place = spaces[at % spaces.length]
  if (place === undefined) return undefined
  text.insert(place, ` ${word}`)
  return /\w+/.exec(words)?.[0]
}

interface Sender {
  readonly replace: typeof replace
}

/**
 * Three people type while a program reads, changes one thing, and sends; nobody has seen what the others did in the same
 * round. Returns what is wrong in the end.
 */
function problems(all: Rounds, send: Sender): readonly string[] {
  const server = documentOf('markdown', FIRST.join('\n\n'))
  const people = [1, 2, 3].map(() => new Y.Doc())
  const sync = (from: Y.Doc, to: Y.Doc) =>
    Y.applyUpdate(to, Y.encodeStateAsUpdate(from, Y.encodeStateVector(to)))
  const typed: { readonly word: string; readonly block: string }[] = []
  const gone = new Set<string>()
  let words = 0
  for (const { typed: typings, sent } of all) {
    for (const person of people) sync(server, person)
    for (const one of typings) {
      words += 1
      const block = type(people[one.person] ?? server, one, `typed${words}`)
      if (block !== undefined) typed.push({ word: `typed${words}`, block })
    }
    words += 1
    const name = perform(server, sent, `sent${words}`, send)
    if (name !== undefined) gone.add(name)
    for (const person of people) sync(person, server)
  }
  for (const person of people) sync(server, person)
  const texts = [server, ...people].map((doc) => content(doc, 'text'))
  const said = texts[0] ?? ''
  const count = (word: string) => said.split(new RegExp(`\\b${word}\\b`)).length - 1
  return [
    ...(new Set(texts).size > 1 ? ['replicas differ'] : []),
    ...typed.flatMap(({ word, block }) => {
      const times = count(word)
      return times === 1 || (times === 0 && gone.has(block)) ? [] : [`${word} is there ${times} times`]
    }),
    ...['One', 'Two', 'Three', 'Four', 'Five'].flatMap((word) =>
      count(word) === (gone.has(word) ? 0 : 1) ? [] : [`${word} is there ${count(word)} times`],
    ),
  ]
}

/** Sends; returns the name of the paragraph that goes with it. */
function perform(server: Y.Doc, { how, block }: Sending, word: string, send: Sender): string | undefined {
  const parts = content(server, 'markdown').split('\n\n')
  const at = block % parts.length
  const part = parts[at] ?? ''
  switch (how) {
    case 'append':
      append(server, 'markdown', word)
      return undefined
    case 'patch':
      patch(server, [
        {
          op: 'insert-before',
          block: at,
          expect: content(server, 'text').split('\n\n')[at] ?? '',
          content: word,
          format: 'markdown',
        },
      ])
      return undefined
    case 'word':
      send.replace(server, 'markdown', parts.with(at, `${part} ${word}`).join('\n\n'))
      return undefined
    case 'insert':
      send.replace(server, 'markdown', parts.toSpliced(at, 0, word).join('\n\n'))
      return undefined
    case 'delete':
      if (parts.length === 1) return undefined
      send.replace(server, 'markdown', parts.toSpliced(at, 1).join('\n\n'))
      return /\w+/.exec(part)?.[0]
  }
}

/** What would be simple: all that is there goes, and all that is sent comes. */
const naive: Sender = {
  replace: (doc, format, body) => {
    const fragment = doc.getXmlFragment('default')
    const fresh = documentOf(format, body).getXmlFragment('default').toArray()
    doc.transact(() => {
      fragment.delete(0, fragment.length)
      fragment.insert(
        0,
        fresh.map((block) => block.clone() as Y.XmlElement),
      )
    })
    return true
  },
}

const RUNS = { seed: 8, numRuns: 50 }

describe('content that is sent while people type', () => {
  it('[CONV5] keeps every word that was typed outside of what it takes away, once, in all replicas', () => {
    fc.assert(
      fc.property(rounds, (all) => {
        expect(problems(all, { replace })).toEqual([])
      }),
      RUNS,
    )
  })

  it('[CONV5] has a control: to delete all and insert all loses words', () => {
    const found = fc.check(
      fc.property(rounds, (all) => problems(all, naive).length === 0),
      { ...RUNS, endOnFailure: true },
    )
    expect(found.failed).toBe(true)
  })

  it('[CONV5] keeps what text stands where it stood, to the character', () => {
    const doc = documentOf('text', 'one two three\nfour colour six\n')
    const text = doc.getText('content')
    const anchors = [4, 8, 19, 24].map((at) => Y.createRelativePositionFromTypeIndex(text, at))
    replace(doc, 'text', 'zero\none 2 three\nfour color six\n')
    const after = anchors.map((anchor) => Y.createAbsolutePositionFromRelativePosition(anchor, doc)?.index)
    expect(text.toString()).toBe('zero\none 2 three\nfour color six\n')
    // “two” is gone; “three”, “col|our” and “r” of it stand where they are now.
    expect(after.map((at) => text.toString().slice(at, (at ?? 0) + 3))).toEqual(
      [' th', 'hre', 'col', 'r s'].map((s, i) => (i === 1 ? 'thr' : s)),
    )
  })

  it('[CONV5] what a format cannot say stays where the text stays', () => {
    const doc = documentOf(
      'json',
      JSON.stringify({
        type: 'doc',
        content: [
          {
            type: 'heading',
            attrs: { level: 2, textAlign: 'right' },
            content: [{ type: 'text', text: 'Title' }],
          },
          {
            type: 'paragraph',
            content: [
              { type: 'text', text: 'under', marks: [{ type: 'underline' }] },
              { type: 'text', text: ' and ' },
              {
                type: 'text',
                text: 'linked',
                marks: [{ type: 'link', attrs: { href: '/a', target: '_blank' } }],
              },
            ],
          },
        ],
      }),
    )
    const before = content(doc, 'json')
    expect(replace(doc, 'markdown', content(doc, 'markdown'))).toBe(false)
    replace(doc, 'markdown', '### Title\n\nunder or [linked](/a)')
    expect(content(doc, 'json')).toBe(before.replace('"level":2', '"level":3').replace(' and ', ' or '))
  })
})

import { describe, expect, it } from 'vitest'
import * as Y from 'yjs'
import { content, replace } from './in-memory.ts'

const paragraph = (words: string) => {
  const element = new Y.XmlElement('paragraph')
  element.setAttribute('textAlign', 'left')
  const text = new Y.XmlText()
  text.applyDelta([{ insert: words, attributes: { italic: {}, bold: {} } }, { insert: ' stays' }])
  element.insert(0, [text])
  return element
}

const bold = (words: string) => {
  const text = new Y.Text()
  text.applyDelta([
    { insert: words, attributes: { underline: true, bold: true } },
    { insert: { b: 1, a: 2 } },
  ])
  return text
}

/** Shared types of every kind, in a map and in a list. */
function nested(): Y.Doc {
  const doc = new Y.Doc()
  const held = (): [string, unknown][] => {
    const fragment = new Y.XmlFragment()
    fragment.insert(0, [paragraph('former fragment')])
    return [
      ['fragment', fragment],
      ['element', paragraph('former element')],
      ['bold', bold('former bold')],
      ['text', new Y.Text('former text')],
      [
        'map',
        new Y.Map<unknown>([
          ['z', 'former map'],
          ['a', new Y.Map([['deep', 1]])],
        ]),
      ],
      ['list', Y.Array.from<number | Y.Text>([1, new Y.Text('former list')])],
    ]
  }
  doc.transact(() => {
    for (const [key, value] of held()) doc.getMap('board').set(key, value)
    // A plain value first: it tells that this is a list.
    doc.getArray('row').push([0, ...held().map(([, value]) => value)])
  })
  return doc
}

const sharedOf = (doc: Y.Doc): readonly unknown[] => [
  ...doc.getMap('board').values(),
  ...doc.getArray('row').toArray(),
]

describe('shared types within others', () => {
  it('[CONV3] a PUT of JSON that was read changes nothing of them', () => {
    const doc = nested()
    expect(replace(doc, 'json', content(doc, 'json'))).toBe(false)
  })

  it('[CONV5] what is changed within one is written where it stands, and it stays what it is', () => {
    const doc = nested()
    const before = sharedOf(doc)
    const wanted = content(doc, 'json').replaceAll('former', 'latter')
    expect(replace(doc, 'json', wanted)).toBe(true)
    expect(content(doc, 'json')).toBe(wanted)
    expect(wanted.match(/latter/g)).toHaveLength(12)
    const after = sharedOf(doc)
    expect(after.map((value, index) => value === before[index])).toEqual(after.map(() => true))
  })

  it('[CONV5] one that goes takes no other with it', () => {
    const doc = nested()
    const row = doc.getArray('row')
    const [, fragment, , text] = row.toArray()
    const said = JSON.parse(content(doc, 'json').replaceAll('former fragment', 'latter'))
    said.types.row.value.splice(2, 1, 'plain')
    replace(doc, 'json', JSON.stringify(said))
    expect(JSON.parse(content(doc, 'json')).types).toEqual(said.types)
    expect([row.get(1) === fragment, row.get(2), row.get(3) === text]).toEqual([true, 'plain', true])
  })

  it('[CONV9] refuses an element in a map as anything but one of its name', () => {
    const doc = nested()
    const before = content(doc, 'json')
    const said = JSON.parse(before)
    said.types.board.value.element.content[0].type = 'heading'
    expect(() => replace(doc, 'json', JSON.stringify(said))).toThrow('stays one element of that name')
    expect(content(doc, 'json')).toBe(before)
  })
})

import { getSchema, Mark, Node } from '@tiptap/core'
import StarterKit from '@tiptap/starter-kit'
import { describe, expect, it } from 'vitest'
import * as Y from 'yjs'
import { foreignTo } from '../../client/editors/foreign.ts'

const schema = getSchema([
  StarterKit.configure({ undoRedo: false }),
  Node.create({
    name: 'figure',
    group: 'block',
    addAttributes: () => ({ src: { isRequired: true }, alt: { default: null } }),
  }),
  Mark.create({ name: 'remark', excludes: '', addAttributes: () => ({ id: { default: null } }) }),
])

type Attributes = Readonly<Record<string, unknown>>
type Child = Y.XmlElement | Y.XmlText

function element(name: string, children: readonly Child[] = [], attributes: Attributes = {}): Y.XmlElement {
  const made = new Y.XmlElement(name)
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value as string)
  made.insert(0, [...children])
  return made
}

function text(words: string, marks: Attributes = {}): Y.XmlText {
  const made = new Y.XmlText()
  made.insert(0, words, marks)
  return made
}

function documentOf(...blocks: readonly Child[]): Y.XmlFragment {
  const fragment = new Y.Doc().getXmlFragment('default')
  fragment.insert(0, [...blocks])
  return fragment
}

const words = (): Y.XmlText => text('words')
const foreignIn = (...blocks: readonly Child[]) => foreignTo(schema, documentOf(...blocks)).get()

describe('what an editor would take out of a document', () => {
  it.each<[string, readonly Child[], string]>([
    ['a node', [element('paragraph', [words(), element('image')])], 'image'],
    ['a mark', [element('paragraph', [text('words', { highlight: { color: 'red' } })])], 'highlight'],
    ['an attribute', [element('paragraph', [words()], { textAlign: 'right' })], 'paragraph'],
    ['an attribute of a mark', [element('paragraph', [text('words', { bold: { weight: 900 } })])], 'bold'],
    ['a node without what it has to say', [element('figure', [], { alt: 'A house' })], 'figure'],
    ['a mark where none may be', [element('codeBlock', [text('words', { bold: {} })])], 'bold'],
    ['an item without a paragraph', [element('bulletList', [element('listItem', [words()])])], 'listItem'],
    ['an item outside a list', [element('listItem', [element('paragraph', [words()])])], 'listItem'],
    ['words without a paragraph', [words()], 'text'],
    ['an element that is called a text', [element('text')], 'text'],
  ])('[UI71] is named: %s', (_, blocks, name) => {
    expect(foreignIn(...blocks)).toBe(name)
  })

  it('[UI71] is named where something stands in a text, or a type that is no element', () => {
    const embed = new Y.XmlText()
    embed.insertEmbed(0, { image: 'x.png' })
    expect(foreignIn(element('paragraph', [embed]))).toBe('embed')
    const hook = documentOf()
    hook.insert(0, [new Y.XmlHook('hook') as unknown as Y.XmlElement])
    expect(foreignTo(schema, hook).get()).toBe('shared type')
  })

  it('[UI71] is not what it knows, nor what nobody misses where several deleted at once', () => {
    expect(foreignIn()).toBeUndefined()
    expect(
      foreignIn(
        element('heading', [words()], { level: 2 }),
        element('figure', [], { src: 'x.png' }),
        element('paragraph', [
          text('a', { bold: true, 'remark--AbCdEfGh': { id: '1' } }),
          element('hardBreak'),
          text('b', { link: { href: '/', target: '_blank', rel: null } }),
        ]),
        element('bulletList'),
        element('blockquote', [element('bulletList', [element('listItem')])]),
      ),
    ).toBeUndefined()
  })

  it('[UI71] is told as it comes and goes, to whoever subscribed before those who observe the document', () => {
    const fragment = documentOf(
      element('paragraph', [words()]),
      element('blockquote', [element('paragraph')]),
    )
    const { doc } = fragment
    const foreign = foreignTo(schema, fragment)
    const told: (string | undefined)[] = []
    const stop = foreign.subscribe(() => told.push(foreign.get()))
    fragment.observeDeep(() => told.push('observed'))
    const [first, quote] = [fragment.get(0), fragment.get(1)]
    if (!(first instanceof Y.XmlElement && quote instanceof Y.XmlElement)) throw new Error('no blocks')
    const inner = quote.get(0)
    if (!(inner instanceof Y.XmlElement)) throw new Error('no paragraph')
    inner.insert(0, [words(), element('image')])
    first.setAttribute('textAlign', 'right')
    doc?.transact(() => inner.delete(1, 1))
    first.removeAttribute('textAlign')
    expect(told).toEqual([
      ...['image', 'observed'],
      ...['paragraph', 'observed'],
      ...['observed'],
      ...[undefined, 'observed'],
    ])
    stop()
    first.setAttribute('textAlign', 'right')
    expect(told.slice(-2)).toEqual(['observed', 'observed'])
    expect(foreign.get()).toBe('paragraph')
  })
})

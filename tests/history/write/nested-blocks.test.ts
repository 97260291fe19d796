import { describe, expect, it } from 'vitest'
import * as Y from 'yjs'
import { idOf } from '../../../server/history/compare/shared-type.ts'
import { content, documentOf, patch } from './in-memory.ts'

const LIST = '* milk\n* eggs\n  * brown\n  * white\n* salt'

/** The id of the first element of that name in which those words stand, the innermost one. */
function idIn(doc: Y.Doc, name: string, words: string): string {
  const found = [...doc.getXmlFragment('default').createTreeWalker(() => true)].findLast(
    (one) => one instanceof Y.XmlElement && one.nodeName === name && one.toString().includes(words),
  )
  if (!found?._item) throw new Error(`no ${name} says ${words}`)
  return idOf(found._item)
}

describe('patches of blocks within blocks', () => {
  it('[CONV9] refuses what would leave an element as no editor allows it, which would take it out', () => {
    const doc = documentOf('markdown', LIST)
    const before = content(doc, 'json')
    const milk = { block: idIn(doc, 'listItem', 'milk'), expect: 'milk', format: 'markdown' } as const
    for (const op of ['insert-before', 'insert-after', 'replace-block'] as const)
      expect(() => patch(doc, [{ op, ...milk, content: 'bread' }]), op).toThrow('bulletList may hold only')
    const eggs = { op: 'delete-block', block: idIn(doc, 'paragraph', 'eggs'), expect: 'eggs' } as const
    expect(() => patch(doc, [eggs])).toThrow('listItem may hold only')
    const white = { op: 'delete-block', block: idIn(doc, 'listItem', 'white'), expect: 'white' } as const
    const brown = { op: 'delete-block', block: idIn(doc, 'listItem', 'brown'), expect: 'brown' } as const
    expect(() => patch(doc, [white, brown])).toThrow('bulletList may hold only')
    expect(content(doc, 'json')).toBe(before)
  })

  it('[CONV3] patches a list by items: those of a list that is sent stand beside those that are there', () => {
    const doc = documentOf('markdown', LIST)
    const item = (words: string) => ({ block: idIn(doc, 'listItem', words), expect: words })
    patch(doc, [
      { op: 'replace-block', ...item('milk'), content: '* bread\n* *wine*', format: 'markdown' },
      { op: 'insert-after', ...item('brown'), content: '<ol><li>speckled</li></ol>', format: 'html' },
      { op: 'delete-block', ...item('salt') },
    ])
    expect(content(doc, 'markdown')).toBe('* bread\n* *wine*\n* eggs\n  * brown\n  * speckled\n  * white')
  })

  it('[CONV3] patches what stands in an item, and what is whole again in the end', () => {
    const doc = documentOf('markdown', LIST)
    const eggs = { block: idIn(doc, 'paragraph', 'eggs'), expect: 'eggs' }
    patch(doc, [
      { op: 'insert-before', ...eggs, content: 'a dozen', format: 'text' },
      { op: 'delete-block', ...eggs },
    ])
    expect(content(doc, 'markdown')).toBe(LIST.replace('eggs', 'a dozen'))
  })

  it('[CONV1] leaves it to an application’s own editor what its elements hold', () => {
    const own = {
      type: 'doc',
      content: [
        { type: 'board', content: [{ type: 'paragraph', content: [{ type: 'text', text: 'a' }] }] },
        { type: 'listItem', content: [{ type: 'heading', content: [{ type: 'text', text: 'b' }] }] },
      ],
    }
    const doc = documentOf('json', JSON.stringify(own))
    patch(doc, [
      {
        op: 'replace-block',
        block: idIn(doc, 'paragraph', 'a'),
        expect: 'a',
        content: '* x',
        format: 'markdown',
      },
      { op: 'insert-after', block: idIn(doc, 'heading', 'b'), expect: 'b', content: 'c', format: 'markdown' },
    ])
    expect(content(doc, 'text')).toBe('x\n\nb\n\nc')
  })
})

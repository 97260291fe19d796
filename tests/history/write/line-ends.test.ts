import { describe, expect, it } from 'vitest'
import { patchBody } from '../../../server/history/write/requests.ts'
import { content, documentOf, patch } from './in-memory.ts'

/** As a request has them. */
const operations = (...sent: readonly object[]) => patchBody.parse({ operations: sent }).operations

describe('the ends of lines in a patch', () => {
  it('[CONV16] are one character in code, also where they are sent as two and looked for as two', () => {
    const doc = documentOf('text', 'one\ntwo\nthree\n')
    patch(
      doc,
      operations(
        { op: 'insert', at: 0, expect: 'one\r\ntwo', side: 'before', text: 'zero\r\n' },
        { op: 'replace', find: 'two\r\nthree', text: '2\r\n3' },
      ),
    )
    expect(content(doc, 'text')).toBe('zero\none\n2\n3\n')
  })

  it('[CONV16] are so in blocks', () => {
    const doc = documentOf('text', 'old')
    const rich = documentOf('html', '<p>one<br>two</p><pre>a\nb</pre>')
    patch(
      rich,
      operations(
        { op: 'replace-text', block: 1, expect: 'a\r\nb', find: 'a\r\n', text: 'c\r\n' },
        { op: 'insert-after', block: 0, expect: 'one\r\ntwo', content: '```\r\nd\r\ne\r\n```' },
      ),
    )
    expect(content(rich, 'html')).toBe(
      '<p>one<br>two</p><pre><code>d\ne</code></pre><pre><code>c\nb</code></pre>',
    )
    doc.getText('content').insert(0, 'theirs\r\n')
    // What an application has written otherwise is found as it is read.
    patch(doc, operations({ op: 'replace', at: 0, expect: 'theirs\r\n', text: 'ours\r\n' }))
    expect(content(doc, 'text')).toBe('ours\r\nold')
  })

  it('[CONV16] are the text’s own where all of it ends so: others would take it out of everybody’s editor', () => {
    const doc = documentOf('text', '')
    doc.getText('content').insert(0, 'one\r\ntwo\r\n')
    patch(
      doc,
      operations(
        { op: 'insert', find: 'one\n', side: 'before', text: 'zero\n' },
        { op: 'replace', find: 'two', text: '2\r\n3' },
      ),
    )
    expect(content(doc, 'text')).toBe('zero\r\none\r\n2\r\n3\r\n')
    doc.getText('content').insert(0, '\n')
    patch(doc, operations({ op: 'replace', find: 'zero\r\none', text: '0\n1' }))
    expect(content(doc, 'text')).toBe('\n0\n1\r\n2\r\n3\r\n')
  })
})

describe('a place in code', () => {
  it('[CONV19] counts what is no text as one, so that what is written stands where it was meant to', () => {
    const doc = documentOf('text', 'one two')
    doc.getText('content').insertEmbed(1, { image: 'x.png' })
    patch(doc, operations({ op: 'replace', find: 'two', text: '2' }))
    expect(doc.getText('content').toDelta()).toEqual([
      { insert: 'o' },
      { insert: { image: 'x.png' } },
      { insert: 'ne 2' },
    ])
  })

  it.each([
    { op: 'insert', at: 2, expect: '\ude00', side: 'before', text: 'x' },
    { op: 'insert', find: '\ud83d', text: 'x' },
    { op: 'replace', find: 'a\ud83d', text: 'x' },
    { op: 'delete', find: '\ude00b' },
  ])('[CONV19] is in the middle of no character: %j', (operation) => {
    const doc = documentOf('text', 'a😀b')
    expect(() => patch(doc, operations(operation))).toThrow('half a character')
    expect(content(doc, 'text')).toBe('a😀b')
  })
})

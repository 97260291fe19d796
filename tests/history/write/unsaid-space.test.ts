import { describe, expect, it } from 'vitest'
import * as Y from 'yjs'
import { content, documentOf, replace } from './in-memory.ts'

/** A paragraph for each of these texts, as they are typed. */
function typed(...texts: readonly string[]): Y.Doc {
  const doc = new Y.Doc()
  doc.getMap('meta').set('editor', 'rich')
  doc.getXmlFragment('default').insert(
    0,
    texts.map((words) => {
      const element = new Y.XmlElement('paragraph')
      element.insert(0, [new Y.XmlText(words)])
      return element
    }),
  )
  return doc
}

const typedIn = (doc: Y.Doc): readonly string[] =>
  content(doc, 'html')
    .split(/<\/?p>/)
    .filter((_, index) => index % 2 === 1)

describe('spaces and empty paragraphs that a format cannot say', () => {
  for (const format of ['markdown', 'html'] as const) {
    it(`[CONV3] a PUT of ${format} that was read changes nothing of them`, () => {
      for (const texts of [
        ['hello '],
        ['  hello', 'a  b', '', 'c'],
        ['', '', 'a', ''],
        ['\u3000indented', '\u00a0too\u00a0'],
        ['one\ntwo \n three'],
        [''],
      ]) {
        const doc = typed(...texts)
        expect([texts, replace(doc, format, content(doc, format))]).toEqual([texts, false])
      }
      const page = documentOf(
        'html',
        '<blockquote><p></p><p>a</p><p></p></blockquote><ul><li><p></p><ul><li><p></p></li></ul></li></ul><pre> a  b\n </pre>',
      )
      expect(replace(page, format, content(page, format))).toBe(false)
    })

    it(`[CONV5] stay where a PUT of ${format} changes the words beside them`, () => {
      const doc = typed('say hello ', ' some  more', 'end')
      const said = content(doc, format)
      replace(doc, format, said.replace('hello', 'bye').replace('some', 'none').replace('end', 'the end'))
      expect(typedIn(doc)).toEqual(['say bye ', ' none  more', 'the end'])
      replace(doc, format, content(doc, format).replace('bye', 'bye, all'))
      expect(typedIn(doc)).toEqual(['say bye, all ', ' none  more', 'the end'])
    })
  }

  it('[CONV5] what is typed on behind a space, or into an empty paragraph, stands where it is typed', () => {
    const doc = typed('hello ', '', 'end')
    const ada = new Y.Doc()
    Y.applyUpdate(ada, Y.encodeStateAsUpdate(doc))
    const type = (paragraph: number, at: number, word: string) => {
      const element = ada.getXmlFragment('default').get(paragraph)
      const text = element instanceof Y.XmlElement && element.get(0)
      if (text instanceof Y.XmlText) text.insert(at, word)
    }
    type(0, 6, 'world')
    type(1, 0, 'new')
    replace(doc, 'markdown', 'hello\n\nbetween\n\nend')
    Y.applyUpdate(doc, Y.encodeStateAsUpdate(ada))
    expect(typedIn(doc)).toEqual(['hello world', 'between', 'new', 'end'])
  })

  it('[CONV3] spaces that it can say are written and taken away', () => {
    const doc = typed('a  b', 'c')
    replace(doc, 'markdown', 'a b\n\nc  d')
    expect(typedIn(doc)).toEqual(['a b', 'c  d'])
    const code = documentOf('html', '<pre>a  b </pre><p>c  d</p>')
    replace(code, 'html', '<pre>a b</pre><p>cd</p>')
    expect(content(code, 'html')).toBe('<pre><code>a b</code></pre><p>cd</p>')
    const broken = documentOf('html', '<p>a <br>b</p>')
    replace(broken, 'html', content(broken, 'html').replace('a <br>', 'a, c <br>'))
    expect(content(broken, 'html')).toBe('<p>a, c <br>b</p>')
  })

  it('[CONV2] other spaces are words of Markdown, also where a paragraph begins and ends', () => {
    const doc = typed('\u3000indented', '\u00a0too\u00a0')
    const said = content(doc, 'markdown')
    expect(said).toBe('\u3000indented\n\n\u00a0too\u00a0')
    expect(content(documentOf('markdown', said), 'text')).toBe(said)
  })
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as Y from 'yjs'
import { linkUrl } from '../../../server/history/content/url.ts'
import { content, documentOf, replace, richJson, simplified } from './in-memory.ts'
import { documents, type Node } from './rich-documents.ts'

const RUNS = { seed: 8, numRuns: 50 }

/** Marks over one character have no order in a Y.XmlText. */
const unordered = (json: unknown): unknown =>
  JSON.parse(JSON.stringify(json), (key, value: unknown) =>
    key === 'marks' && Array.isArray(value)
      ? value.toSorted((a: { type: string }, b: { type: string }) => (a.type < b.type ? -1 : 1))
      : value,
  )

const jsonOf = (doc: Node) => documentOf('json', JSON.stringify(doc))

describe('content in and out', () => {
  it('[CONV1] JSON that was read, written elsewhere, reads the same there', () => {
    fc.assert(
      fc.property(documents(), documents(), (one, other) => {
        const doc = jsonOf(one)
        expect(unordered(richJson(doc))).toEqual(unordered(one))
        const elsewhere = documentOf('json', content(doc, 'json'))
        expect(content(elsewhere, 'json')).toBe(content(doc, 'json'))
        // Where there was something else before, too.
        replace(elsewhere, 'json', JSON.stringify(other))
        expect(unordered(richJson(elsewhere))).toEqual(unordered(other))
      }),
      RUNS,
    )
  })

  for (const format of ['markdown', 'html'] as const) {
    it(`[CONV2] ${format} that was read, written elsewhere, reads the same there`, () => {
      fc.assert(
        fc.property(documents('spaced'), (one) => {
          const doc = jsonOf(one)
          const out = content(doc, format)
          expect(content(documentOf(format, out), format)).toBe(out)
          if (format === 'html') expect(replace(doc, format, out)).toBe(false)
        }),
        RUNS,
      )
    })
  }

  it('[CONV2] a heading with number signs at its end, or with a break, is one heading in Markdown', () => {
    const bold = '<h2><strong>a</strong><br>b<br></h2>'
    for (const [html, markdown] of [
      ['<h1>Issue #</h1>', '# Issue \\#'],
      ['<h2>C# and F# ##</h2>', '## C# and F# \\##'],
      ['<h3>#</h3>', '### \\#'],
      ['<h1>a#</h1>', '# a#'],
      ['<h1>a<br>#</h1>', '# a \\#'],
      [bold, '## **a** b'],
    ] as const) {
      const doc = documentOf('html', html)
      const said = content(doc, 'markdown').trimEnd()
      expect(said).toBe(markdown)
      expect([html, replace(doc, 'markdown', said), content(doc, 'html')]).toEqual([html, false, html])
      const elsewhere = documentOf('markdown', said)
      expect(content(elsewhere, 'markdown')).toBe(said)
      expect(content(elsewhere, 'text')).toBe(content(doc, 'text').replaceAll('\n', ' ').trimEnd())
    }
    const doc = documentOf('html', bold)
    replace(doc, 'markdown', '## **a** c')
    expect(content(doc, 'html')).toBe('<h2><strong>a</strong> c</h2>')
  })

  it('[CONV10] what the studio has no element for stays as its text', () => {
    const sent = (format: 'html' | 'markdown', body: string) => content(documentOf(format, body), 'markdown')
    expect(
      sent(
        'html',
        '<table><tr><th>a</th><td>b</td></tr><tr><td>c</td></tr></table><details><summary>s</summary>t</details>',
      ),
    ).toBe('a | b\n\nc\n\ns\n\nt')
    expect(
      sent('html', '<p>x <img src="/p.png" alt="a picture"> <img alt="none"><svg><text>in</text></svg></p>'),
    ).toBe('x [a picture](/p.png) nonein')
    expect(sent('html', '<ul><li><input type="checkbox" checked>done</li></ul>')).toBe('* \\[x\\] done')
    expect(
      sent('markdown', '- [ ] open\n\n| a | b | c |\n|---|---|---|\n| 1 | | 3 |\n\n<b>raw</b> ![p](/p.png)'),
    ).toBe('* \\[ \\] open\n\na | b | c\n\n1 |  | 3\n\n\\<b>raw\\</b> [p](/p.png)')
    expect(sent('html', '<style>p{}</style><script>alert(1)</script><p onclick="x()">words</p>')).toBe(
      'words',
    )
  })

  it('[CONV3] code within what is marked ends none of it but over itself', () => {
    const sent =
      '**Run `npm test` first `now`** and see [the `config` page](/page), `plain` [`foo`](/foo) end'
    expect(content(documentOf('markdown', sent), 'html').replaceAll(/ rel="[^"]*"/g, '')).toBe(
      '<p><strong>Run </strong><code>npm test</code><strong> first </strong><code>now</code> and ' +
        'see <a href="/page">the </a><code>config</code><a href="/page"> page</a>, ' +
        '<code>plain</code> <code>foo</code> end</p>',
    )
  })

  it('[CONV13] names what it had to simplify, and nothing else', () => {
    const html: readonly (readonly [body: string, named: readonly string[]])[] = [
      ['<table><caption>c</caption><tbody><tr><th>a</th><td>b</td></tr></tbody></table>', ['table']],
      [
        '<ul data-type="taskList"><li><label><input type="checkbox"></label><div><p>x</p></div></li></ul>',
        ['task-list'],
      ],
      ['<figure><picture><img src="/p.png"></picture><figcaption>p</figcaption></figure>', ['image']],
      ['<a href="javascript:x()">a</a>', ['link']],
      [
        'H<sub>2</sub>O <mark>x</mark> <video src="v"></video><select></select><input value="x">',
        ['element'],
      ],
      ['<td>1<img><x-own>2</x-own>', ['table', 'image', 'element']],
      ['<constructor>1</constructor>', ['element']],
      ['<a href="/f">see <b><code>f</code></b></a>', ['link']],
      ['<code>f <a href="/f">g</a></code>', ['link']],
      ['<pre>f <a href="/f">g</a></pre>', ['link']],
      [
        '<html><head><title>t</title><style>p{}</style></head><body><main><h1 class="x">a</h1><p style="color:red">b<br>c</p><script>x()</script></main></body></html>',
        [],
      ],
      [
        '<div><a name="top">a</a> <a href="/b" title="t">b</a><pre><code class="language-ts">c</code></pre></div>',
        [],
      ],
    ]
    for (const [body, named] of html) expect([body, simplified('html', body)]).toEqual([body, named])
    const markdown: readonly (readonly [body: string, named: readonly string[]])[] = [
      ['a | b\n-- | --\n1 | 2', ['table']],
      ['1. [X] done', ['task-list']],
      ['> * one\n>   * [ ] open', ['task-list']],
      ['**![p](p.png)**', ['image']],
      ['[w](data:text/html,x) [v](<cid:x>)', ['link']],
      ['see [**`f`**](/f)', ['link']],
      ['**`f` and** `g` and [h](/h)', []],
      [
        'a | b\n\n\\| --- |\n\n* \\[x\\] no task\n* [x](/link)\n\n[x] no item\n\n```\n| a |\n| - |\n![p](p)\n```',
        [],
      ],
    ]
    for (const [body, named] of markdown) expect([body, simplified('markdown', body)]).toEqual([body, named])
    expect(simplified('text', '| a |\n| - |\n![p](p)')).toEqual([])
    const table = { type: 'table', content: [{ type: 'tableRow', content: [{ type: 'tableCell' }] }] }
    expect(simplified('json', JSON.stringify({ type: 'doc', content: [table] }))).toEqual([])
  })

  it('[CONV2] has a control: text that would be a table is escaped', () => {
    const lines = ['a | b', '--- | ---', ':-- | --:', '| - | - |']
    const out = content(documentOf('html', `<p>${lines.join('<br>')}</p>`), 'markdown')
    expect(simplified('markdown', out)).toEqual([])
    expect(content(documentOf('markdown', out), 'text')).toBe(lines.join('\n'))
    expect(simplified('markdown', out.replaceAll('\\', ''))).toEqual(['table'])
  })

  it('[CONV11] an address that a link may not lead to is no link', () => {
    const addresses = ['javascript:alert(1)', ' JaVa\tScript:alert(1)', 'data:text/html,x', 'vbscript:x']
    for (const address of addresses) {
      const html = documentOf('html', `<a href="${address}">words</a><img src="${address}" alt="picture">`)
      expect(content(html, 'html')).toBe('<p>wordspicture</p>')
      expect(content(documentOf('markdown', `[words](<${address}>)`), 'html')).not.toMatch(
        /href="(javascript|data|vbscript):/i,
      )
      const link = { type: 'text', text: 'x', marks: [{ type: 'link', attrs: { href: address } }] }
      const json = JSON.stringify({ type: 'doc', content: [{ type: 'paragraph', content: [link] }] })
      expect(() => documentOf('json', json)).toThrow('a link leads where none may')
    }
  })

  it('[CONV11] whatever is mixed into an address, a browser finds no other scheme in it', () => {
    const parts = [
      'java',
      'script',
      ':',
      'data',
      'https',
      'x',
      '/',
      ' ',
      '\t',
      '\n',
      '\0',
      '\u001f',
      '\u007f',
      '\u00a0',
      '\u200b',
    ]
    const mixed = fc.array(fc.constantFrom(...parts), { maxLength: 8 }).map((all) => all.join(''))
    const schemeOf = (href: string) => new URL(href, 'https://base.example/').protocol
    fc.assert(
      fc.property(mixed, (href) => {
        const url = linkUrl(href)
        if (url === undefined || !URL.canParse(url, 'https://base.example/')) return
        expect(schemeOf(url)).toBe('https:')
        expect(linkUrl(url)).toBe(url)
      }),
      { seed: 8, numRuns: 2000 },
    )
    expect(schemeOf(' java\tscript:x'), 'control').toBe('javascript:')
  })

  it('[CONV17] keeps the address of a link, to the character, in every format', () => {
    const address = (href: string) =>
      content(documentOf('html', `<a href="${href}">x</a>`), 'html').split('"')[1]
    expect(address('/files/Annual Report.pdf')).toBe('/files/Annual%20Report.pdf')
    expect(address(' \n/a\tb\u0001 ')).toBe('/ab')
    for (const href of ['/می\u200cخواهم', '/a\u00a0b\u3000', 'https://müller.de/ü?q=%zz']) {
      expect(address(href)).toBe(href)
      const marks = [{ type: 'link', attrs: { href } }]
      const one = { type: 'paragraph', content: [{ type: 'text', text: 'x', marks }] }
      const doc = documentOf('json', JSON.stringify({ type: 'doc', content: [one] }))
      for (const format of ['html', 'markdown'] as const)
        expect([format, href, replace(doc, format, content(doc, format))]).toEqual([format, href, false])
    }
    const spaced = { type: 'text', text: 'x', marks: [{ type: 'link', attrs: { href: '/a b' } }] }
    const doc = documentOf(
      'json',
      JSON.stringify({ type: 'doc', content: [{ type: 'paragraph', content: [spaced] }] }),
    )
    expect(content(doc, 'markdown')).toBe('[x](/a%20b)')
    expect(replace(doc, 'markdown', '[x](/a%20b)')).toBe(false)
  })

  it('[CONV1] passes on what an application’s own editor knows, and all shared types', () => {
    const own = {
      types: {
        meta: { kind: 'map', value: { editor: 'rich', tags: ['a', { b: null }], raw: { bytes: 'AQI=' } } },
        content: {
          kind: 'text',
          value: 'ab',
          delta: [{ insert: 'a', attributes: { bold: true } }, { insert: 'b' }],
        },
        default: {
          kind: 'xml',
          value: {
            type: 'doc',
            content: [
              { type: 'callout', attrs: { tone: 'warm', depth: 2 }, content: [{ type: 'text', text: 'x' }] },
              {
                type: 'paragraph',
                content: [
                  {
                    type: 'text',
                    text: 'y',
                    marks: [
                      { type: 'comment', attrs: { id: 1 } },
                      { type: 'comment', attrs: { id: 2 } },
                    ],
                  },
                ],
              },
            ],
          },
        },
        list: { kind: 'array', value: [1, 'two', [3]] },
      },
    }
    const doc = documentOf('json', JSON.stringify(own))
    expect(JSON.parse(content(doc, 'json'))).toEqual({ seq: 1, ...own })
    expect(replace(doc, 'json', JSON.stringify(own))).toBe(false)
    replace(doc, 'json', JSON.stringify({ types: { list: { kind: 'array', value: [1, 2, 'two', [3, 4]] } } }))
    expect(JSON.parse(content(doc, 'json')).types).toEqual({
      meta: { kind: 'map', value: {} },
      content: { kind: 'text', value: '' },
      default: { kind: 'xml', value: { type: 'doc' } },
      list: { kind: 'array', value: [1, 2, 'two', [3, 4]] },
    })
  })

  it('[CONV2] text stays text: a paragraph for each part, a break for each line', () => {
    const doc = documentOf('html', '<p>old</p>')
    replace(doc, 'text', 'one\ntwo\n\nthree')
    expect(content(doc, 'text')).toBe('one\ntwo\n\nthree')
    expect(content(doc, 'html')).toBe('<p>one<br>two</p><p>three</p>')
  })

  it('[CONV18] text takes nothing away that it cannot say: it changes the words of paragraphs alone', () => {
    for (const more of ['<h1>b</h1>', '<ul><li>b</li></ul>', '<pre>b\n\nc</pre>', '<p>b</p><hr>']) {
      const doc = documentOf('html', `<p>a</p>${more}`)
      const before = content(doc, 'html')
      const said = content(doc, 'text')
      expect([more, replace(doc, 'text', said)]).toEqual([more, false])
      expect(() => replace(doc, 'text', `${said} d`), more).toThrow('text has nothing but paragraphs')
      expect(content(doc, 'html')).toBe(before)
    }
    const marked = documentOf('html', '<p>a <b>bold</b> c<br>d</p><p>e</p>')
    replace(marked, 'text', 'a bold d\nd\n\nf')
    expect(content(marked, 'html')).toBe('<p>a <strong>bold</strong> d<br>d</p><p>f</p>')
  })

  for (const format of ['text', 'markdown', 'html'] as const) {
    it(`[CONV15] reads all texts as ${format}, and refuses to write them into one`, () => {
      const doc = documentOf('html', '<p>body</p>')
      const title = new Y.XmlElement('heading')
      doc.getXmlFragment('title').insert(0, [title])
      title.insert(0, [new Y.XmlText('A title')])
      const before = content(doc, format)
      expect(before).toMatch(/body.*A title/s)
      expect(() => replace(doc, format, before)).toThrow('title say something too')
      expect(content(doc, format)).toBe(before)
      // One that an editor has opened and left empty says nothing.
      title.delete(0, 1)
      doc.getXmlFragment('title').delete(0, 1)
      doc.getXmlFragment('title').insert(0, [new Y.XmlElement('paragraph')])
      expect(replace(doc, format, content(doc, format))).toBe(false)
      doc.getText('content').insert(0, 'code')
      expect(() => replace(doc, format, content(doc, format))).toThrow('content say something too')
    })
  }
})

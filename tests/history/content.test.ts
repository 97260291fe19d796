import fc from 'fast-check'
import { defaultMarkdownParser } from 'prosemirror-markdown'
import { describe, expect, it } from 'vitest'
import * as Y from 'yjs'
import { LogAuthors } from '../../server/history/compare/authors.ts'
import { convert, type Format } from '../../server/history/content/convert.ts'
import { HistoryDocument, type HistoryEntry } from '../../server/history/positions/history-document.ts'
import { planRestore } from '../../server/history/restore/plan.ts'
import { logOf, steps } from './live-room.ts'
import { replay } from './replay.ts'
import { textOf } from './support.ts'

/** A history of one entry. */
function historyOf(change: (doc: Y.Doc) => void): HistoryDocument {
  const doc = new Y.Doc()
  doc.transact(() => change(doc))
  return HistoryDocument.fromEntries([{ seq: 1, at: 0, actor: 'ada', bytes: Y.encodeStateAsUpdate(doc) }])
}

const as = (history: HistoryDocument, format: Format, seq = history.head): string =>
  textOf(convert(history, seq, format))

type Child = Y.XmlElement | Y.XmlText

const element = (name: string, children: readonly Child[] = [], attributes: Record<string, unknown> = {}) => {
  const made = new Y.XmlElement(name)
  // Yjs takes any value; its types know only strings.
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value as string)
  made.insert(0, [...children])
  return made
}

const text = (...pieces: readonly (string | [string, Record<string, unknown>])[]) => {
  const made = new Y.XmlText()
  made.applyDelta(
    pieces.map((piece) =>
      typeof piece === 'string' ? { insert: piece } : { insert: piece[0], attributes: piece[1] },
    ),
  )
  return made
}

const rich = (...children: readonly Child[]) =>
  historyOf((doc) => doc.getXmlFragment('default').insert(0, [...children]))

describe('a position as JSON', () => {
  it('[HIS8] has every shared type, values that JSON cannot say included', () => {
    const history = historyOf((doc) => {
      doc.getText('content').insert(0, 'plain')
      doc
        .getText('notes')
        .applyDelta([{ insert: 'bold', attributes: { bold: true } }, { insert: { image: 'a.png' } }])
      const meta = doc.getMap<unknown>('meta')
      meta.set('title', 'A title')
      meta.set('__proto__', 1)
      meta.set('nested', new Y.Map([['inner', new Y.Array()]]))
      meta.set('bytes', new Uint8Array([1, 2]))
      meta.set('big', 2n ** 60n)
      meta.set('none', undefined)
      doc.getArray('list').push([1.5, null, [true], { deep: 'er' }, new Y.Text('in a list')])
      doc
        .getXmlFragment('default')
        .insert(0, [
          element('paragraph', [text('a ', ['link', { link: { href: '/b' } }])], { textAlign: 'left' }),
        ])
    })
    expect(JSON.parse(as(history, 'json'))).toEqual({
      seq: 1,
      types: {
        meta: {
          kind: 'map',
          value: JSON.parse(
            `{"title":"A title","__proto__":1,"nested":{"inner":[]},"bytes":{"bytes":"AQI="},
            "big":{"integer":"1152921504606846976"},"none":null}`,
          ),
        },
        content: { kind: 'text', value: 'plain' },
        default: {
          kind: 'xml',
          value: {
            type: 'doc',
            content: [
              {
                type: 'paragraph',
                attrs: { textAlign: 'left' },
                content: [
                  { type: 'text', text: 'a ' },
                  { type: 'text', text: 'link', marks: [{ type: 'link', attrs: { href: '/b' } }] },
                ],
              },
            ],
          },
        },
        list: { kind: 'array', value: [1.5, null, [true], { deep: 'er' }, 'in a list'] },
        notes: {
          kind: 'text',
          value: 'bold',
          delta: [{ insert: 'bold', attributes: { bold: true } }, { insert: { image: 'a.png' } }],
        },
      },
    })
  })

  it('[HIS8] is at every position what a replay has there', () => {
    const expected = (entries: readonly HistoryEntry[], seq: number) => {
      const whole = HistoryDocument.fromEntries([
        { seq: 1, at: 0, actor: '', bytes: Y.encodeStateAsUpdate(replay(entries, seq)) },
      ])
      return (JSON.parse(as(whole, 'json')) as { types: unknown }).types
    }
    fc.assert(
      fc.property(steps(60), (actions) => {
        const entries = logOf(actions)
        const history = HistoryDocument.fromEntries(entries)
        for (let seq = 0; seq <= entries.length; seq += 1) {
          const doc = replay(entries, seq)
          const { types } = JSON.parse(as(history, 'json', seq)) as {
            types: Record<string, { value: unknown }>
          }
          // What was emptied and collected in the replay no longer shows what kind it was.
          expect(types, `at ${seq}`).toMatchObject(expected(entries, seq) as object)
          const meta = types.meta?.value ?? {}
          expect(Object.keys(meta).sort()).toEqual([...doc.getMap('meta').keys()].sort())
          expect((types.list?.value as unknown[] | undefined)?.length ?? 0).toBe(doc.getArray('list').length)
        }
      }),
      { seed: 20_260_102, numRuns: 60 },
    )
  })

  it('[HIS8] has a list of more values than a call takes arguments', () => {
    const values = Array.from({ length: 1_000_000 }, () => 0)
    const history = historyOf((doc) => doc.getArray('list').push(values))
    expect(JSON.parse(as(history, 'json')).types.list.value).toHaveLength(values.length)
    const { update } = planRestore(history, LogAuthors.of([]), { kind: 'version', seq: 0 })
    expect(update?.length).toBeGreaterThan(2)
  })

  it('[HIS8] has what a key said then, though it was set again and again, which Yjs holds as one', () => {
    const doc = new Y.Doc()
    const entries: HistoryEntry[] = []
    doc.on('update', (bytes: Uint8Array) => {
      entries.push({ seq: entries.length + 1, at: 0, actor: 'ada', bytes })
    })
    for (const title of ['first', 'second', 'third', 'fourth']) doc.getMap('meta').set('title', title)
    const history = HistoryDocument.fromEntries(entries)
    const titles = entries.map(({ seq }) => JSON.parse(as(history, 'json', seq)).types.meta?.value)
    expect(titles).toEqual(['first', 'second', 'third', 'fourth'].map((title) => ({ title })))
  })
})

const PAGE = () =>
  rich(
    element('heading', [text('A <title>')], { level: 2 }),
    element('paragraph', [
      text('Plain, ', ['bold', { bold: {} }], ' and ', ['both', { bold: {}, italic: {} }], ' & ', [
        'x*y',
        { code: {} },
      ]),
    ]),
    element('bulletList', [
      element('listItem', [element('paragraph', [text('one')])]),
      element('listItem', [
        element('paragraph', [text('two')]),
        element('orderedList', [element('listItem', [element('paragraph', [text('deeper')])])], { start: 3 }),
      ]),
    ]),
    element('blockquote', [element('paragraph', [text('quoted')])]),
    element('codeBlock', [text('if (a < b) {\n}')], { language: 'js' }),
    element('horizontalRule'),
    element('paragraph', [
      text(['site', { link: { href: 'https://a.example/?b&c' } }], ['gone', { strike: {}, unknown: {} }]),
      element('hardBreak'),
      text('next line'),
    ]),
  )

/** CommonMark as readers have it, which lets HTML through. */
const commonMark = defaultMarkdownParser.tokenizer.set({ html: true })
const htmlIn = (markdown: string) =>
  commonMark
    .parse(markdown, {})
    .flatMap((token) => [token, ...(token.children ?? [])])
    .filter(({ type }) => type.startsWith('html'))

describe('rich text', () => {
  it('[HIS9] is HTML as Tiptap writes it', () => {
    expect(as(PAGE(), 'html')).toBe(
      [
        '<h2>A &lt;title&gt;</h2>',
        '<p>Plain, <strong>bold</strong> and <strong><em>both</em></strong> &amp; <code>x*y</code></p>',
        '<ul><li><p>one</p></li><li><p>two</p><ol start="3"><li><p>deeper</p></li></ol></li></ul>',
        '<blockquote><p>quoted</p></blockquote>',
        '<pre><code class="language-js">if (a &lt; b) {\n}</code></pre>',
        '<hr>',
        '<p><a href="https://a.example/?b&amp;c" rel="noopener noreferrer nofollow">site</a><s>gone</s><br>next line</p>',
      ].join(''),
    )
  })

  it('[HIS9] is CommonMark', () => {
    expect(as(PAGE(), 'markdown')).toBe(
      [
        '## A \\<title>',
        '',
        'Plain, **bold** and ***both*** \\& `x*y`',
        '',
        '* one',
        '* two',
        '',
        '  3. deeper',
        '',
        '> quoted',
        '',
        '```js',
        'if (a < b) {',
        '}',
        '```',
        '',
        '---',
        '',
        '[site](https://a.example/?b&c)~~gone~~\\',
        'next line',
      ].join('\n'),
    )
  })

  it('[HIS9] is text, its blocks apart', () => {
    expect(as(PAGE(), 'text')).toBe(
      [
        'A <title>',
        'Plain, bold and both & x*y',
        'one',
        'two',
        'deeper',
        'quoted',
        'if (a < b) {\n}',
        'sitegone\nnext line',
      ].join('\n\n'),
    )
  })

  it.each([
    'javascript:alert(1)',
    'JaVaScRiPt:alert(1)',
    '\u0001 java\nscript:alert(1)',
    'data:text/html,x',
    'vbscript:x',
  ])('[HIS10] makes no link of %j, and no picture', (url) => {
    const history = rich(
      element('paragraph', [
        text(['word', { link: { href: url } }]),
        element('image', [], { src: url, alt: 'alt' }),
      ]),
    )
    expect(as(history, 'html')).toBe('<p>wordalt</p>')
    expect(as(history, 'markdown')).toBe('word')
  })

  it('[HIS10] writes nothing but known elements, whatever stands in names, attributes and text', () => {
    const bad = '"><script>alert(1)</script>'
    const history = rich(
      element(bad, [text(bad)], { [bad]: bad }),
      element('heading', [text([bad, { [bad]: bad, link: { href: `/${bad}` } }])], { level: bad }),
      element('codeBlock', [text(bad)], { language: bad }),
      element('orderedList', [], { start: bad }),
      element('image', [], { src: `/${bad}`, alt: bad, title: bad }),
      element('constructor', [text('x')]),
      element('__proto__', [text(['y', { constructor: {}, __proto__: {} }])]),
    )
    const html = as(history, 'html')
    const tags = [...html.matchAll(/<\/?([a-z0-9]+)/g)].map(([, tag]) => tag)
    expect(new Set(tags)).toEqual(new Set(['div', 'h1', 'a', 'pre', 'code', 'ol', 'img']))
    expect(html).not.toContain('"><script')
    const markdown = as(history, 'markdown')
    expect(htmlIn(markdown)).toEqual([])
    const rendered = commonMark.render(markdown)
    expect(new Set([...rendered.matchAll(/<\/?([a-z0-9]+)/g)].map(([, tag]) => tag))).toEqual(
      new Set(['p', 'h1', 'a', 'pre', 'code', 'img']),
    )
    expect(htmlIn('<b>bold</b>'), 'control').not.toEqual([])
  })

  it('[HIS10] shows what no schema allows without failing', () => {
    fc.assert(
      fc.property(steps(60), (actions) => {
        const history = HistoryDocument.fromEntries(logOf(actions))
        for (const format of ['html', 'markdown', 'text'] as const)
          expect(typeof as(history, format)).toBe('string')
      }),
      { seed: 20_260_103, numRuns: 60 },
    )
  })
})

describe('code', () => {
  const code = (source: string, language?: string) =>
    historyOf((doc) => {
      doc.getText('content').insert(0, source)
      if (language !== undefined) doc.getMap('meta').set('language', language)
    })

  it('[HIS11] is itself as text, to the letter', () => {
    for (const source of ['a\n', '\n\n', ' x ', 'é👩‍👩‍👧']) expect(as(code(source), 'text')).toBe(source)
  })

  it('[HIS11] is a fenced block in Markdown, behind a fence that it does not have', () => {
    expect(as(code('let a\n', 'typescript'), 'markdown')).toBe('```typescript\nlet a\n```')
    expect(as(code('a ``` b\n````\nc'), 'markdown')).toBe('`````\na ``` b\n````\nc\n`````')
    expect(as(code('a', 'x`\n<b>'), 'markdown')).toBe('```\na\n```')
  })

  it('[HIS11] is a block of code in HTML, escaped', () => {
    expect(as(code('<b> & "c"', 'html'), 'html')).toBe(
      '<pre><code class="language-html">&lt;b&gt; &amp; &quot;c&quot;</code></pre>',
    )
  })
})

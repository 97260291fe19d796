import fc from 'fast-check'

/** ProseMirror's JSON, as an editor with the schema of the studio gives it. */
export interface Node {
  readonly type: string
  readonly attrs?: Readonly<Record<string, unknown>>
  readonly content?: readonly Node[]
  readonly text?: string
  readonly marks?: readonly { readonly type: string; readonly attrs?: Readonly<Record<string, unknown>> }[]
}

const WORDS = [
  'a',
  'word',
  'Grüße',
  '日本',
  '👩‍👩‍👧',
  '*',
  '_',
  '# ',
  '1. ',
  '- ',
  '<b>',
  '&amp;',
  '[x]',
  '`',
  '~~',
  '\\',
  '|',
  '---|',
  ':-:',
  '!',
  '>',
]

const words = fc
  .array(fc.constantFrom(...WORDS), { minLength: 1, maxLength: 4 })
  .map((parts) => parts.join(' ').replace(/\s+/g, ' ').trim())

const MARKS = [
  [],
  [],
  [],
  [{ type: 'bold' }],
  [{ type: 'italic' }],
  [{ type: 'bold' }, { type: 'italic' }],
  [{ type: 'strike' }],
  [{ type: 'code' }],
  [{ type: 'link', attrs: { href: 'https://example.org/a_b?c=1' } }],
  [{ type: 'underline' }],
] as const

/** Neighbouring texts differ in their marks, as in every document of an editor. */
const inline: fc.Arbitrary<readonly Node[]> = fc
  .array(fc.tuple(words, fc.constantFrom(...MARKS)), { maxLength: 4 })
  .map((parts) => {
    const nodes: Node[] = []
    for (const [text, marks] of parts) {
      const last = nodes.at(-1)
      if (last !== undefined && JSON.stringify(last.marks ?? []) === JSON.stringify(marks)) continue
      nodes.push({ type: 'text', text, ...(marks.length > 0 && { marks }) })
    }
    return nodes
  })

/** Marked text with letters at both ends, and words without marks before the next: Markdown marks no other for sure. */
const spaced = inline.map((nodes) =>
  nodes.flatMap(({ text, marks = [] }): readonly Node[] =>
    marks.length === 0
      ? []
      : [
          { type: 'text', text: `a${text}a`, marks },
          { type: 'text', text: ' and words' },
        ],
  ),
)

const made = (type: string, content: readonly Node[], attrs?: Node['attrs']): Node => ({
  type,
  ...(attrs !== undefined && { attrs }),
  ...(content.length > 0 && { content }),
})

const breaking = fc
  .tuple(words, words)
  .map(([one, other]) =>
    made('paragraph', [{ type: 'text', text: one }, { type: 'hardBreak' }, { type: 'text', text: other }]),
  )
const codeBlock = fc
  .tuple(fc.constantFrom('', 'let a = 1', 'a\n\n  b\n```', '<p>&amp;'), fc.constantFrom(undefined, 'ts'))
  .map(([text, language]) =>
    made('codeBlock', text === '' ? [] : [{ type: 'text', text }], language && { language }),
  )
const rule = fc.constant(made('horizontalRule', []))

function blocks(line: fc.Arbitrary<readonly Node[]>): fc.Arbitrary<Node> {
  const paragraph = line.map((content) => made('paragraph', content))
  const heading = fc
    .tuple(line, fc.integer({ min: 1, max: 6 }))
    .map(([content, level]) => made('heading', content, { level }))
  return fc.letrec<{ block: Node; item: Node }>((tie) => {
    const several = (of: 'block' | 'item') => fc.array(tie(of), { minLength: 1, maxLength: 3 })
    return {
      block: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        paragraph,
        paragraph,
        breaking,
        heading,
        codeBlock,
        rule,
        several('block').map((content) => made('blockquote', content)),
        several('item').map((content) => made('bulletList', content)),
        fc
          .tuple(several('item'), fc.constantFrom(1, 3))
          .map(([content, start]) => made('orderedList', content, { start })),
      ),
      item: fc
        .tuple(paragraph, fc.array(tie('block'), { maxLength: 1 }))
        .map(([first, rest]) => made('listItem', [first, ...rest])),
    }
  }).block
}

/**
 * Documents of the studio's schema, markup among their words.
 * @param marked `anyhow`, or as Markdown can say it
 */
export const documents = (marked: 'anyhow' | 'spaced' = 'anyhow'): fc.Arbitrary<Node> =>
  fc
    .array(blocks(marked === 'spaced' ? spaced : inline), { minLength: 1, maxLength: 6 })
    .map((content) => made('doc', content))

import { defaultMarkdownParser, MarkdownParser } from 'prosemirror-markdown'
import { isLink } from '../content/url.ts'
import { richNodes } from './from-json.ts'
import { invalid, MAX_DEPTH } from './invalid.ts'
import { schema } from './schema.ts'
import type { Sent, Simplified } from './simplified.ts'

/** As `toMarkdown` writes it: CommonMark with strikethrough, and tables, of which lines are made. HTML in it is text. */
const { tokenizer } = defaultMarkdownParser
tokenizer.enable(['strikethrough', 'table'])
// Past its own limit it leaves out what is nested deeper; what goes that far is refused below.
Object.assign(tokenizer.options, { maxNesting: 10 * MAX_DEPTH })

type Token = ReturnType<typeof tokenizer.parse>[number]

const parser = new MarkdownParser(
  schema,
  // It asks for nothing but this of a tokenizer.
  Object.assign(Object.create(tokenizer), {
    parse: (text: string, simplified: Set<Simplified>) => known(tokenizer.parse(text, {}), simplified),
  }) as typeof tokenizer,
  {
    blockquote: { block: 'blockquote' },
    paragraph: { block: 'paragraph' },
    list_item: { block: 'listItem' },
    bullet_list: { block: 'bulletList' },
    ordered_list: {
      block: 'orderedList',
      getAttrs: (token) => ({ start: Number(token.attrGet('start') ?? 1) }),
    },
    heading: { block: 'heading', getAttrs: (token) => ({ level: Number(token.tag.slice(1)) }) },
    code_block: { block: 'codeBlock', noCloseToken: true },
    fence: {
      block: 'codeBlock',
      getAttrs: (token) => ({ language: /^[\w+#.-]{1,40}(?=\s|$)/.exec(token.info.trim())?.[0] ?? null }),
      noCloseToken: true,
    },
    hr: { node: 'horizontalRule' },
    hardbreak: { node: 'hardBreak' },
    em: { mark: 'italic' },
    strong: { mark: 'bold' },
    s: { mark: 'strike' },
    link: { mark: 'link', getAttrs: (token) => ({ href: token.attrGet('href') }) },
    code_inline: { mark: 'code', noCloseToken: true },
    table: { ignore: true },
    thead: { ignore: true },
    tbody: { ignore: true },
    tr: { block: 'paragraph' },
    th: { ignore: true },
    td: { ignore: true },
  },
)

/** @throws SynclineError `content-invalid` */
export function fromMarkdown(text: string): Sent {
  const simplified = new Set<Simplified>()
  return { nodes: richNodes(parser.parse(text.toWellFormed(), simplified).toJSON()), simplified }
}

/** An address as Markdown reads it: all but ASCII encoded. */
export const addressInMarkdown = (url: string): string => tokenizer.normalizeLink(url)

/** How a list's item begins that is a task. */
const TASK = /^\[[ xX]\]\s/

/** Tokens with what the schema knows in them, and of what it does not know the name in `simplified`. */
function known(tokens: readonly Token[], simplified: Set<Simplified>): readonly Token[] {
  for (const [index, token] of tokens.entries()) {
    if (token.level > MAX_DEPTH) invalid(`it is nested more than ${MAX_DEPTH} deep`)
    if (token.type === 'table_open') simplified.add('table')
    if (token.children === null) continue
    token.children = inline(token.children, simplified)
    const [before, opened] = [tokens[index - 2], tokens[index - 1]]
    if (before?.type === 'list_item_open' && TASK.test(token.content)) simplified.add('task-list')
    // The first cell of a row comes right behind the row's own token.
    if ((opened?.type === 'td_open' || opened?.type === 'th_open') && before?.type !== 'tr_open')
      token.children.unshift(madeOf(token, 'text', 0, { content: ' | ' }))
  }
  return tokens
}

/** A picture is a link to it, and a link that may not be is its text. Over code no other mark goes on, but behind it. */
function inline(tokens: readonly Token[], simplified: Set<Simplified>): Token[] {
  const forbidden: boolean[] = []
  const open: Token[] = []
  return tokens.flatMap((token): Token[] => {
    switch (token.type) {
      case 'link_open': {
        const allowed = isLink(token.attrGet('href'))
        if (!allowed) simplified.add('link')
        forbidden.push(!allowed)
        if (allowed) open.push(token)
        return allowed ? [token] : []
      }
      case 'link_close':
        if (forbidden.pop()) return []
        open.pop()
        return [token]
      case 'image':
        simplified.add('image')
        return picture(token)
      case 'code_inline':
        if (open.some(({ type }) => type === 'link_open')) simplified.add('link')
        return [...open.map(closing).reverse(), token, ...open]
      default:
        if (token.nesting > 0) open.push(token)
        else if (token.nesting < 0) open.pop()
        return [token]
    }
  })
}

const closing = (token: Token): Token => madeOf(token, token.type.replace(/_open$/, '_close'), -1)

/** Another token, of what the library gave. */
const madeOf = (token: Token, type: string, nesting: -1 | 0 | 1, more: Partial<Token> = {}): Token =>
  Object.assign(Object.create(token), { type, nesting, children: null, ...more })

function picture(image: Token): Token[] {
  const src = image.attrGet('src') ?? ''
  const words = madeOf(image, 'text', 0, { content: altOf(image) || src })
  if (!isLink(src)) return [words]
  return [madeOf(image, 'link_open', 1, { attrs: [['href', src]] }), words, madeOf(image, 'link_close', -1)]
}

const altOf = (token: Token): string =>
  (token.children ?? []).map((child) => child.content + altOf(child)).join('')

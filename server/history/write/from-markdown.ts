import { defaultMarkdownParser, MarkdownParser } from 'prosemirror-markdown'
import type { XmlNode } from '../content/read.ts'
import { linkUrl } from '../content/url.ts'
import { richNodes } from './from-json.ts'
import { invalid, MAX_DEPTH } from './invalid.ts'
import { schema } from './schema.ts'

/** As `toMarkdown` writes it: CommonMark with strikethrough. HTML in it is text. */
const { tokenizer } = defaultMarkdownParser
tokenizer.enable('strikethrough')
// Past its own limit it leaves out what is nested deeper; what goes that far is refused below.
Object.assign(tokenizer.options, { maxNesting: 10 * MAX_DEPTH })

type Token = ReturnType<typeof tokenizer.parse>[number]

const parser = new MarkdownParser(
  schema,
  // It asks for nothing but this of a tokenizer.
  Object.assign(Object.create(tokenizer), {
    parse: (text: string, env: object) => tokenizer.parse(text, env).map(known),
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
  },
)

/** @throws SynclineError `content-invalid` */
export function fromMarkdown(text: string): readonly XmlNode[] {
  return richNodes(parser.parse(text.toWellFormed()).toJSON())
}

/** A token with what the schema knows in it: a picture is a link to it, and a link that may not be is its text. */
function known(token: Token): Token {
  if (token.level > MAX_DEPTH) invalid(`it is nested more than ${MAX_DEPTH} deep`)
  if (token.children === null) return token
  const forbidden: boolean[] = []
  token.children = token.children.flatMap((child): Token[] => {
    switch (child.type) {
      case 'link_open': {
        const allowed = isLink(child.attrGet('href'))
        forbidden.push(!allowed)
        return allowed ? [child] : []
      }
      case 'link_close':
        return forbidden.pop() ? [] : [child]
      case 'image':
        return picture(child)
      default:
        return [child]
    }
  })
  return token
}

const isLink = (href: unknown): boolean => (linkUrl(href) ?? '') !== ''

function picture(image: Token): Token[] {
  const src = image.attrGet('src') ?? ''
  const made = (type: string, nesting: -1 | 0 | 1): Token =>
    Object.assign(Object.create(image), { type, nesting, children: null })
  const words = Object.assign(made('text', 0), { content: altOf(image) || src })
  if (!isLink(src)) return [words]
  return [Object.assign(made('link_open', 1), { attrs: [['href', src]] }), words, made('link_close', -1)]
}

const altOf = (token: Token): string =>
  (token.children ?? []).map((child) => child.content + altOf(child)).join('')

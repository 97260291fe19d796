import { camelCase, type Mark, type RichNode } from './rich-text.ts'
import { imageUrl, linkUrl } from './url.ts'

type Attributes = Readonly<Record<string, unknown>>

/** Rich text as HTML, elements as Tiptap's own. Only what stands here is ever written: all else is text, escaped. */
export const toHtml = (nodes: readonly RichNode[]): string => nodes.map(nodeHtml).join('')

export const codeHtml = (text: string, language: string | undefined): string =>
  wrapped('pre', wrapped('code', escapeHtml(text), languageClass(language)))

const BLOCKS: Readonly<Record<string, string>> = {
  paragraph: 'p',
  blockquote: 'blockquote',
  bulletList: 'ul',
  listItem: 'li',
  taskList: 'ul',
  table: 'table',
  tableRow: 'tr',
}

const MARKS: Readonly<Record<string, string>> = {
  bold: 'strong',
  strong: 'strong',
  italic: 'em',
  em: 'em',
  underline: 'u',
  strike: 's',
  code: 'code',
  highlight: 'mark',
  subscript: 'sub',
  superscript: 'sup',
}

function nodeHtml(node: RichNode): string {
  if (node.kind === 'text') return node.marks.reduceRight(markHtml, escapeHtml(node.text))
  const { attributes } = node
  const inner = toHtml(node.children)
  switch (camelCase(node.name)) {
    case 'heading':
      return wrapped(`h${between(attributes.level, 1, 6)}`, inner)
    case 'codeBlock':
      return wrapped('pre', wrapped('code', inner, languageClass(attributes.language)))
    case 'orderedList':
      return wrapped(
        'ol',
        inner,
        attributes.start === undefined ? {} : { start: between(attributes.start, 0, 1e9) },
      )
    case 'taskItem':
      return wrapped(
        'li',
        `<input type="checkbox" disabled${attributes.checked === true ? ' checked' : ''}>${inner}`,
      )
    case 'tableCell':
      return wrapped('td', inner, spans(attributes))
    case 'tableHeader':
      return wrapped('th', inner, spans(attributes))
    case 'horizontalRule':
      return '<hr>'
    case 'hardBreak':
      return '<br>'
    case 'image':
      return imageHtml(attributes)
    default: {
      const name = camelCase(node.name)
      return wrapped(Object.hasOwn(BLOCKS, name) ? (BLOCKS[name] ?? 'div') : 'div', inner)
    }
  }
}

function markHtml(inner: string, { name, attributes }: Mark): string {
  if (name === 'link') {
    const href = linkUrl(attributes.href)
    return href === undefined ? inner : wrapped('a', inner, { href, rel: 'noopener noreferrer nofollow' })
  }
  const tag = Object.hasOwn(MARKS, name) ? MARKS[name] : undefined
  return tag === undefined ? inner : wrapped(tag, inner)
}

function imageHtml({ src, alt, title }: Attributes): string {
  const url = imageUrl(src)
  if (url === undefined) return typeof alt === 'string' ? escapeHtml(alt) : ''
  return `<img${attributesHtml({ src: url, alt: typeof alt === 'string' ? alt : '', title })}>`
}

const spans = ({ colspan, rowspan }: Attributes): Attributes => ({
  ...(typeof colspan === 'number' && colspan > 1 && { colspan: between(colspan, 1, 1000) }),
  ...(typeof rowspan === 'number' && rowspan > 1 && { rowspan: between(rowspan, 1, 1000) }),
})

const languageClass = (language: unknown): Attributes =>
  typeof language === 'string' && /^[\w+#.-]{1,40}$/.test(language) ? { class: `language-${language}` } : {}

const wrapped = (tag: string, inner: string, attributes: Attributes = {}): string =>
  `<${tag}${attributesHtml(attributes)}>${inner}</${tag}>`

const attributesHtml = (attributes: Attributes): string =>
  Object.entries(attributes)
    .filter(([, value]) => typeof value === 'string' || typeof value === 'number')
    .map(([name, value]) => ` ${name}="${escapeHtml(String(value))}"`)
    .join('')

const between = (value: unknown, least: number, most: number): number => {
  const number = Math.trunc(Number(value))
  return Number.isNaN(number) ? least : Math.min(most, Math.max(least, number))
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (char) => ESCAPES[char] ?? char)

import {
  defaultMarkdownSerializer,
  MarkdownSerializer,
  type MarkdownSerializerState,
} from 'prosemirror-markdown'
import { Mark, type Node, Schema } from 'prosemirror-model'
import { camelCase, isInline, isTextBlock, type Mark as RichMark, type RichNode } from './rich-text.ts'
import { imageUrl, linkUrl } from './url.ts'

/**
 * Only the serializer's idea of nodes: a document is what its editors wrote, be it as no schema allows. Nodes are
 * made without being checked, and what is not known here stands for its children.
 */
const schema = new Schema({
  nodes: {
    doc: { content: 'block*' },
    paragraph: { group: 'block', content: 'inline*' },
    heading: { group: 'block', content: 'inline*', attrs: { level: { default: 1 } } },
    codeBlock: { group: 'block', content: 'inline*', code: true, attrs: { params: { default: '' } } },
    blockquote: { group: 'block', content: 'block*' },
    bulletList: { group: 'block', content: 'block*', attrs: { tight: { default: true } } },
    orderedList: {
      group: 'block',
      content: 'block*',
      attrs: { order: { default: 1 }, tight: { default: true } },
    },
    listItem: { group: 'block', content: 'block*' },
    taskItem: { group: 'block', content: 'block*', attrs: { checked: { default: false } } },
    block: { group: 'block', content: 'block*' },
    horizontalRule: { group: 'block' },
    hardBreak: { group: 'inline', inline: true },
    image: {
      group: 'inline',
      inline: true,
      attrs: { src: {}, alt: { default: '' }, title: { default: '' } },
    },
    text: { group: 'inline' },
  },
  marks: {
    link: { attrs: { href: {}, title: { default: '' } } },
    bold: {},
    italic: {},
    strike: {},
    code: {},
  },
})

const { blockquote, code_block, hard_break, image, list_item, paragraph } = defaultMarkdownSerializer.nodes
const { code, em, link, strong } = defaultMarkdownSerializer.marks

/** Of the library's own state what its declarations leave out. */
declare module 'prosemirror-markdown' {
  interface MarkdownSerializerState {
    readonly inAutolink: boolean | undefined
    readonly atBlockStart: boolean
    out: string
  }
}

const follows = (parent: Node, index: number, name: string): boolean =>
  index > 0 && parent.child(index - 1).type.name === name

/** Whether a list comes right behind another of its kind, and is not to be one with it. */
function isSecond(parent: Node, index: number): boolean {
  const { name } = parent.child(index).type
  return follows(parent, index, name) && !isSecond(parent, index - 1)
}

/** What begins a line must not read as the beginning of something else. */
const escapedStart = (state: MarkdownSerializerState, line: string): string =>
  state
    .esc(line.replace(/^[ \t]+/, ''), true)
    .replace(/^(\d{1,9})([.)])(?=\s|$)/, '$1\\$2')
    .replace(/^[+=|:]/, '\\$&')

const serializer = new MarkdownSerializer(
  {
    ...defined({ blockquote, image, paragraph }),
    ...defined({
      listItem: list_item,
      codeBlock: code_block,
      hardBreak: hard_break,
    }),
    heading: (state, node) => {
      state.write(`${'#'.repeat(node.attrs.level)} `)
      const begin = state.out.length
      state.renderInline(node, false)
      // Number signs at the end would be read as no more than the end of the heading.
      const words = state.out.slice(begin).replace(/(^|[ \t])(#+[ \t]*)$/, '$1\\$2')
      state.out = state.out.slice(0, begin) + words
      state.closeBlock(node)
    },
    bulletList: (state, node, parent, index) => {
      if (beginsBlank(node) && follows(parent, index, 'paragraph')) state.write()
      state.renderList(node, '  ', () => (isSecond(parent, index) ? '+ ' : '* '))
    },
    orderedList: (state, node, parent, index) => {
      // Only a list that begins with 1, and with words, may follow a paragraph without an empty line.
      const alone = node.attrs.order !== 1 || beginsBlank(node)
      if (alone && follows(parent, index, 'paragraph')) state.write()
      const sign = isSecond(parent, index) ? ')' : '.'
      const width = String(node.attrs.order + node.childCount - 1).length
      state.renderList(
        node,
        ' '.repeat(width + 2),
        (item) => `${String(node.attrs.order + item).padStart(width)}${sign} `,
      )
    },
    text: (state, node, parent, index) => {
      if (state.inAutolink) {
        state.text(node.text ?? '', false)
        return
      }
      const begins = state.atBlockStart || (index > 0 && parent.child(index - 1).type.name === 'hardBreak')
      for (const [number, line] of (node.text ?? '').split('\n').entries()) {
        if (number > 0) state.write('\n')
        state.write()
        state.out += begins || number > 0 ? escapedStart(state, line) : state.esc(line)
      }
    },
    taskItem: (state, node) => {
      state.write(node.attrs.checked ? '[x] ' : '[ ] ')
      state.renderContent(node)
    },
    block: (state, node) => state.renderContent(node),
    horizontalRule: (state, node) => {
      state.write('---')
      state.closeBlock(node)
    },
  },
  {
    ...defined({ link, code, bold: strong, italic: em }),
    strike: { open: '~~', close: '~~', mixable: true, expelEnclosingWhitespace: true },
  },
  // Markdown lets HTML through; here it is only somebody's text.
  { hardBreakNodeName: 'hardBreak', escapeExtraCharacters: /[<&]/g },
)

/** The library's own rules, under the names that are used here. */
function defined<Rule>(rules: Readonly<Record<string, Rule | undefined>>): Record<string, Rule> {
  return Object.fromEntries(
    Object.entries(rules).flatMap(([name, rule]) => (rule === undefined ? [] : [[name, rule]])),
  )
}

/** Rich text as CommonMark with strikethrough and task lists; what Markdown cannot say (underline) is left out. */
export const toMarkdown = (nodes: readonly RichNode[]): string =>
  serializer.serialize(made('doc', {}, blocks(nodes)))

/** A fence longer than any in the code. */
export function codeMarkdown(code: string, language: string | undefined): string {
  const longest = Math.max(2, ...(code.match(/`+/g) ?? []).map((ticks) => ticks.length))
  const fence = '`'.repeat(longest + 1)
  return `${fence}${languageName(language)}\n${code}${code === '' || code.endsWith('\n') ? '' : '\n'}${fence}`
}

const languageName = (language: unknown): string =>
  typeof language === 'string' && /^[\w+#.-]{1,40}$/.test(language) ? language : ''

const made = (
  name: string,
  attributes: Record<string, unknown>,
  children: readonly Node[],
  marks?: readonly Mark[],
) =>
  schema.nodes[name]?.create(attributes, [...children], marks) ??
  schema.nodes.block?.create(null, [...children]) ??
  fail()

/** Blocks, with a paragraph around what stands among them without one. */
function blocks(nodes: readonly RichNode[]): Node[] {
  const all: Node[] = []
  let loose: RichNode[] = []
  const close = () => {
    if (loose.length > 0) all.push(made('paragraph', {}, inlines(loose)))
    loose = []
  }
  for (const node of nodes) {
    if (isInline(node)) loose.push(node)
    else {
      close()
      if (node.kind === 'node') all.push(block(node))
    }
  }
  close()
  // Markdown has no empty paragraph: between others it would be nothing but empty lines.
  const said = all.filter((one) => one.type.name !== 'paragraph' || !isBlank(one))
  return said.length > 0 ? said : all.slice(0, 1)
}

/** Whether a list's first item begins with no words. */
const beginsBlank = ({ firstChild: item }: Node): boolean => {
  const first = item?.firstChild ?? null
  return first === null || (first.type.name === 'paragraph' && isBlank(first))
}

const isBlank = (paragraph: Node): boolean =>
  paragraph.textContent.trim() === '' && !paragraph.children.some((child) => child.type.name === 'image')

function block({ name, attributes, children }: Extract<RichNode, { kind: 'node' }>): Node {
  const known = camelCase(name)
  if (known === 'heading') return made(known, textBlockAttributes(attributes), inlines(inOneLine(children)))
  if (isTextBlock(name)) return made(known, textBlockAttributes(attributes), inlines(children))
  switch (known) {
    case 'orderedList':
      return made(
        known,
        { order: typeof attributes.start === 'number' ? attributes.start : 1 },
        blocks(children),
      )
    case 'taskList':
      return made('bulletList', {}, blocks(children))
    case 'taskItem':
      return made(known, { checked: attributes.checked === true }, blocks(children))
    case 'horizontalRule':
      return made(known, {}, [])
    default:
      return made(Object.hasOwn(schema.nodes, known) ? known : 'block', {}, blocks(children))
  }
}

/** A heading of Markdown is one line. */
const inOneLine = (nodes: readonly RichNode[]): readonly RichNode[] =>
  nodes.map((node) => {
    if (node.kind === 'text') return { ...node, text: node.text.replace(/[ \t]*\n[ \t]*/g, ' ') }
    return camelCase(node.name) === 'hardBreak' ? { kind: 'text', text: ' ', marks: [] } : node
  })

function textBlockAttributes({
  level,
  language,
}: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const number = Math.trunc(Number(level))
  return { level: number >= 1 && number <= 6 ? number : 1, params: languageName(language) }
}

/** What stands in a line of text; of a block that somebody put there, its text. */
function inlines(nodes: readonly RichNode[], marks: readonly RichMark[] = []): Node[] {
  return nodes.flatMap((node): Node[] => {
    if (node.kind === 'text')
      return node.text === '' ? [] : [schema.text(node.text, marksOf([...marks, ...node.marks]))]
    switch (camelCase(node.name)) {
      case 'hardBreak':
        return [made('hardBreak', {}, [])]
      case 'image': {
        const { alt, src, title } = node.attributes
        const url = imageUrl(src)
        if (url === undefined) return []
        return [made('image', { src: destination(url), alt: line(alt), title: titleOf(title) }, [])]
      }
      default:
        return inlines(node.children, marks)
    }
  })
}

const MARK_NAMES: Readonly<Record<string, string>> = { strong: 'bold', em: 'italic' }

function marksOf(marks: readonly RichMark[]): readonly Mark[] {
  let set: readonly Mark[] = Mark.none
  for (const { name, attributes } of marks) {
    const known = Object.hasOwn(MARK_NAMES, name) ? (MARK_NAMES[name] ?? name) : name
    const type = Object.hasOwn(schema.marks, known) ? schema.marks[known] : undefined
    if (type === undefined) continue
    if (known !== 'link') set = type.create().addToSet(set)
    else {
      const href = linkUrl(attributes.href)
      if (href !== undefined) set = type.create({ href: destination(href) }).addToSet(set)
    }
  }
  return set
}

/** An address without what no address has as it is, and what Markdown would read as something else. */
const destination = (url: string): string =>
  url.replace(/[<>"\\^`{|}]/g, encodeURIComponent).replace(/&(?=#?\w+;)/g, '\\&')

const line = (words: unknown): string => (typeof words === 'string' ? words.replace(/\s+/g, ' ') : '')

/** The serializer escapes quotation marks and nothing else. */
const titleOf = (title: unknown): string => line(title).replace(/[\\<&]/g, '\\$&')

function fail(): never {
  throw new Error('the schema has a block')
}

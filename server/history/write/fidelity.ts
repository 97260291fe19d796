import type { XmlNode } from '../content/read.ts'
import { camelCase, markName, plainText, richText } from '../content/rich-text.ts'
import { linkUrl } from '../content/url.ts'
import { addressInMarkdown } from './from-markdown.ts'
import { schema } from './schema.ts'

type Attributes = Readonly<Record<string, unknown>>

/**
 * How much a format says. What it cannot say (Markdown: what is underlined, or how a paragraph is aligned) it does not take
 * away where it stays.
 */
export interface Fidelity {
  /** What it says of a mark, undefined where it says nothing of such marks. */
  readonly mark: (name: string, value: unknown) => unknown
  /** Of an element's attributes those that it says, the defaults left out. */
  readonly attributes: (name: string, attributes: Attributes) => Attributes
  /**
   * The white space within a line that it cannot tell from one space, as a pattern; at the ends of a line it then says none.
   * Undefined where it says all.
   */
  readonly space: string | undefined
  readonly emptyParagraphs: boolean
  /** Whether it has breaks in headings; they are spaces otherwise. */
  readonly headingBreaks: boolean
}

/** JSON says everything. */
export const EXACT: Fidelity = {
  mark: (_name, value) => value,
  attributes: (_name, attributes) => attributes,
  space: undefined,
  emptyParagraphs: true,
  headingBreaks: true,
}

/** Text says nothing but its characters. */
export const PLAIN: Fidelity = {
  mark: () => undefined,
  attributes: () => ({}),
  space: undefined,
  emptyParagraphs: true,
  headingBreaks: true,
}

const sayingMarks = (
  marks: readonly string[],
  addressOf: (url: string) => string,
): Pick<Fidelity, 'mark' | 'attributes'> => ({
  mark: (name, value) => {
    const known = markName(name)
    if (!marks.includes(known)) return undefined
    return known === 'link' ? { href: addressOf(linkUrl(Object(value).href) ?? '') } : true
  },
  attributes: (name, attributes) =>
    Object.fromEntries(
      Object.entries(schema.nodes[camelCase(name)]?.spec.attrs ?? {}).flatMap(
        ([key, { default: otherwise }]) => {
          const value = attributes[key] ?? otherwise
          return value === otherwise ? [] : [[key, value]]
        },
      ),
    ),
})

export const MARKDOWN: Fidelity = {
  ...sayingMarks(['bold', 'italic', 'strike', 'code', 'link'], addressInMarkdown),
  space: '[ \\t]*\\n[ \\t]*',
  emptyParagraphs: false,
  headingBreaks: false,
}
export const HTML: Fidelity = {
  ...sayingMarks(['bold', 'italic', 'strike', 'code', 'link', 'underline'], (url) => url),
  space: '[ \\t\\r\\n\\f]+',
  emptyParagraphs: true,
  headingBreaks: true,
}

/** How much it says within such an element: in code every space. */
export const within = (name: string, fidelity: Fidelity): Fidelity =>
  camelCase(name) === 'codeBlock' ? { ...fidelity, space: undefined } : fidelity

/** Whether it says that there is such an element. */
export function says(node: XmlNode, fidelity: Fidelity): boolean {
  if (fidelity.emptyParagraphs || node.kind === 'text' || camelCase(node.name) !== 'paragraph') return true
  return (
    node.children.some((child) => child.kind === 'element' && camelCase(child.name) === 'image') ||
    plainText(richText(node.children)).trim() !== ''
  )
}

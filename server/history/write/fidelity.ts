import { camelCase, markName } from '../content/rich-text.ts'
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
}

/** JSON says everything. */
export const EXACT: Fidelity = {
  mark: (_name, value) => value,
  attributes: (_name, attributes) => attributes,
}

/** Text says nothing but its characters. */
export const PLAIN: Fidelity = { mark: () => undefined, attributes: () => ({}) }

const sayingMarks = (marks: readonly string[]): Fidelity => ({
  mark: (name, value) => {
    const known = markName(name)
    if (!marks.includes(known)) return undefined
    return known === 'link' ? { href: Object(value).href } : true
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

export const MARKDOWN: Fidelity = sayingMarks(['bold', 'italic', 'strike', 'code', 'link'])
export const HTML: Fidelity = sayingMarks(['bold', 'italic', 'strike', 'code', 'link', 'underline'])

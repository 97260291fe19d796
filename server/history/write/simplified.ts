import type { XmlNode } from '../content/read.ts'

/**
 * What the studio's editor has no element for, and what becomes of it: a table's row is a line, a task `[x]` and its
 * words, a picture a link to it, a link that may not be its words, any other element of HTML what it holds.
 */
export const SIMPLIFIED = ['table', 'task-list', 'image', 'link', 'element'] as const
export type Simplified = (typeof SIMPLIFIED)[number]

/** Content as rich text, and what of it that had to be made something else of. */
export interface Sent {
  readonly nodes: readonly XmlNode[]
  readonly simplified: ReadonlySet<Simplified>
}

/** Of what a format says to the letter. */
export const AS_IT_IS: ReadonlySet<Simplified> = new Set()

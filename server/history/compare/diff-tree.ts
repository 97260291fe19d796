import type { Author } from './attribution.ts'

/**
 * What differs between two views of a document, as a tree of its shared types. Everything in it stands in the
 * document's own order, so that leaving out what is inserted gives the one side, and leaving out what is
 * deleted the other (see sides.ts).
 */
export interface Diff {
  /** The shared types at the top, by name; those that neither side has content in are left out. */
  readonly types: Readonly<Record<string, TypeDiff>>
}

export type TypeKind = 'text' | 'array' | 'map' | 'fragment' | 'element' | 'hook'

/**
 * A shared type that both sides have, or that only one has. `entries` are a map's, or an element's
 * attributes; `runs` is what stands in it one after the other.
 */
export interface TypeDiff {
  readonly kind: TypeKind
  /** An XML element's. */
  readonly name?: string
  readonly entries?: Readonly<Record<string, EntryDiff>>
  readonly runs?: readonly Run[]
}

/** `changed`: both sides have it, with other marks or with something else inside. */
export type Status = 'equal' | 'inserted' | 'deleted' | 'changed'

/** Marks of rich text, by name: `{ bold: {} }`. */
export type Marks = Readonly<Record<string, unknown>>

interface Changeable {
  readonly status: Status
  /**
   * The last edit of those that make the difference (in a blame: that wrote it), and the first, where that is
   * another one by the same person shortly before.
   */
  readonly by?: Author
  readonly since?: Author
  /** Numbers what a restore can take back by itself, in the order of the document. */
  readonly hunk?: number
}

interface Marked {
  readonly marks?: Marks
  /** Where the status is `changed`: what the marks were. */
  readonly marksBefore?: Marks
}

interface TextRun extends Changeable, Marked {
  readonly text: string
}

/** Something that is not text in a text: a picture. */
interface EmbedRun extends Changeable, Marked {
  readonly embed: unknown
}

interface ValuesRun extends Changeable {
  readonly values: readonly unknown[]
}

/** A shared type inside another. */
export interface NodeRun extends Changeable, Marked {
  readonly node: TypeDiff
  /** `client:clock`, the same at every position. */
  readonly id: string
}

export type Run = TextRun | EmbedRun | ValuesRun | NodeRun

/** What stands under a key: a value, or a shared type. */
export type EntryContent = { readonly value: unknown } | { readonly node: TypeDiff; readonly id: string }

/** `changed` with `before`: another value; without it: the same shared type with something else inside. */
export interface EntryDiff extends Changeable {
  readonly before?: EntryContent
  readonly after?: EntryContent
}

/** A piece of a text: characters, or something embedded, with its formats. */
export interface Piece {
  readonly insert: string | { readonly embed: unknown }
  /** Format to its value; nothing is there where there are none. */
  readonly attributes?: Readonly<Record<string, unknown>>
}

/** The characters of a text; what is embedded has none. */
export const textOf = (pieces: readonly Piece[]): string =>
  pieces.map(({ insert }) => (typeof insert === 'string' ? insert : '')).join('')

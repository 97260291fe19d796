import type { Author, TypeRuns, Types } from '../api.ts'

export interface AuthorShare {
  readonly actor: string
  /** Characters of the text that is there, in UTF-16 code units. */
  readonly characters: number
  readonly last: Author
}

/** How much of what a position says is whose, most first. */
export function sharesOf(types: Types): readonly AuthorShare[] {
  const shares = new Map<string, AuthorShare>()
  const visit = ({ runs = [], entries = {} }: TypeRuns) => {
    for (const { by, text, node } of runs) {
      if (node !== undefined) visit(node)
      if (by === undefined || text === undefined) continue
      const before = shares.get(by.actor)
      const last = before === undefined || by.seq > before.last.seq ? by : before.last
      shares.set(by.actor, { actor: by.actor, characters: (before?.characters ?? 0) + text.length, last })
    }
    for (const { after } of Object.values(entries)) if (after?.node !== undefined) visit(after.node)
  }
  for (const type of Object.values(types)) visit(type)
  return [...shares.values()].sort((a, b) => b.characters - a.characters)
}

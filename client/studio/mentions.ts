export interface Named {
  readonly id: string
  readonly name: string
}

/** How many are offered. */
const MOST = 6

/** The name that is being written after an @, at the caret. */
export function mentionAt(
  text: string,
  caret: number,
): { readonly name: string; readonly from: number } | undefined {
  const match = /(?:^|\s)@([^\s@]{0,40})$/u.exec(text.slice(0, Math.max(0, caret)))
  const name = match?.[1]
  return name === undefined ? undefined : { name, from: caret - name.length - 1 }
}

/** Whose ids or names, or words of them, begin so. */
export function matching(people: readonly Named[], begun: string): readonly Named[] {
  const wanted = begun.toLocaleLowerCase()
  const begins = (word: string) => word.toLocaleLowerCase().startsWith(wanted)
  return people.filter(({ id, name }) => [id, name, ...name.split(/\s+/)].some(begins)).slice(0, MOST)
}

/** What somebody is called where they are chosen: of several of one name, with the id. */
export const labelOf = ({ id, name }: Named, people: readonly Named[]): string =>
  people.some((other) => other.name === name && other.id !== id) ? `${name} (${id})` : name

/** As in an address of mail or of a page. */
const WITHIN_A_WORD = /[\p{L}\p{M}\p{N}_/]$/u
/** A name that goes on is another one; a dot or a hyphen goes on where something follows it. */
const GOES_ON = /^(?:[.@-]?[\p{L}\p{M}\p{N}_]|[\u200d\p{Emoji_Modifier}])/u

interface Mention {
  readonly from: number
  readonly to: number
  readonly name: string
}

/** Where one of these names stands behind an @, the longest that does. */
export function mentionsIn(text: string, names: readonly string[]): readonly Mention[] {
  const longestFirst = [...new Set(names)].filter((name) => name !== '').sort((a, b) => b.length - a.length)
  const found: Mention[] = []
  for (let from = text.indexOf('@'); from >= 0; from = text.indexOf('@', from + 1)) {
    if (from < (found.at(-1)?.to ?? 0)) continue
    if (WITHIN_A_WORD.test(text.slice(Math.max(0, from - 2), from))) continue
    const name = longestFirst.find((one) => {
      const to = from + 1 + one.length
      return text.startsWith(one, from + 1) && !GOES_ON.test(text.slice(to, to + 3))
    })
    if (name !== undefined) found.push({ from, to: from + 1 + name.length, name })
  }
  return found
}

/** Whom a text mentions: of several of one name those that were chosen, if some were. */
export function mentionedIn(text: string, people: readonly Named[], chosen: readonly Named[]): string[] {
  const all = [...chosen, ...people]
  const names = mentionsIn(
    text,
    all.map(({ name }) => name),
  ).map(({ name }) => name)
  const called = [...new Set(names)].flatMap((name) => {
    const meant = chosen.filter((one) => one.name === name)
    return meant.length > 0 ? meant : people.filter((one) => one.name === name)
  })
  return [...new Set(called.map(({ id }) => id))]
}

/** Whom one has chosen once one chooses somebody, whose name is not in the text yet: others of that name as long as it is. */
export function choosing(person: Named, text: string, chosen: readonly Named[]): readonly Named[] {
  const others = chosen.filter(({ name, id }) => name === person.name && id !== person.id)
  const standing = mentionsIn(
    text,
    [...chosen, person].map(({ name }) => name),
  ).filter(({ name }) => name === person.name)
  const kept = others.slice(Math.max(0, others.length - standing.length))
  return [...chosen.filter(({ name }) => name !== person.name), ...kept, person]
}

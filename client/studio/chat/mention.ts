interface Named {
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

/** Whose names, or words of them, begin so. */
export function matching<Person extends Named>(people: readonly Person[], begun: string): readonly Person[] {
  const wanted = begun.toLocaleLowerCase()
  const begins = (word: string) => word.toLocaleLowerCase().startsWith(wanted)
  return people.filter(({ name }) => begins(name) || name.split(/\s+/).some(begins)).slice(0, MOST)
}

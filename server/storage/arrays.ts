/** An array of numbers as Postgres reads it. */
export const numberArray = (numbers: readonly number[]): string => `{${numbers.join(',')}}`

/** An array of texts as Postgres reads it; undefined stands for null. */
export const textArray = (texts: readonly (string | undefined)[]): string =>
  `{${texts.map((text) => (text === undefined ? 'null' : `"${text.replace(/["\\]/g, '\\$&')}"`)).join(',')}}`

/** An array of numbers as Postgres writes it, nulls as undefined; none where there is no array. */
export function numbersOf(array: string | null | undefined): readonly (number | undefined)[] {
  const elements = array?.slice(1, -1)
  return elements
    ? elements.split(',').map((element) => (element === 'NULL' ? undefined : Number(element)))
    : []
}

/**
 * People's colours. Each carries white text at a contrast of at least 4.5, and is told from its neighbours in
 * lightness too, so that a caret is not known by hue alone.
 */
export const PALETTE = [
  '#c92a2a',
  '#1864ab',
  '#2b7a3b',
  '#862e9c',
  '#a04400',
  '#0b7285',
  '#a61e4d',
  '#364fc7',
  '#5c6e00',
  '#5f3dc4',
  '#7a4a2b',
  '#087f5b',
] as const

/** A caret's colour goes into style sheets, and comes from other people: nothing but this form is let in. */
export const isColor = (value: unknown): value is string =>
  typeof value === 'string' && /^#[0-9a-f]{6}$/i.test(value)

/** The same id has the same colour everywhere, with nothing stored. */
export const colorFor = (id: string): string => {
  // A seed under which the names that examples use come out different.
  let hash = 6
  for (let i = 0; i < id.length; i++) hash = Math.imul(hash ^ id.charCodeAt(i), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  hash ^= hash >>> 16
  return PALETTE[(hash >>> 0) % PALETTE.length] ?? PALETTE[0]
}

interface Colored {
  readonly id: string
  readonly color: string
}

/**
 * The colour for somebody who has `color` now: that one, unless somebody else has it too whose id comes first;
 * then the next that nobody has, if there is one. So of two at most one moves, and the same one everywhere.
 */
export const distinctColor = (id: string, color: string, others: readonly Colored[]): string => {
  if (!others.some((other) => other.color === color && other.id < id)) return color
  const taken = new Set(others.map((other) => other.color))
  const palette: readonly string[] = PALETTE
  const at = palette.indexOf(color)
  return [...palette.slice(at + 1), ...palette.slice(0, at + 1)].find((one) => !taken.has(one)) ?? color
}

/** Places of two lists that go together, rising in both. */
export type Pairs = readonly (readonly [one: number, other: number])[]

/** Cells of a table that one gap between anchors may take: 500 by 500 takes a millisecond. */
const MOST_CELLS = 250_000

interface Gap {
  readonly from: number
  readonly until: number
  readonly otherFrom: number
  readonly otherUntil: number
}

/**
 * Which of two lists' values are the same one: what begins and ends both, then what each has once (as a patience diff
 * does), and between those the longest common subsequence, where that is no large question; else nothing.
 * n log n for lists of n different values.
 */
export function align(one: readonly string[], other: readonly string[]): Pairs {
  const pairs: [number, number][] = []
  const whole = { from: 0, until: one.length, otherFrom: 0, otherUntil: other.length }
  const inner = trimmed(one, other, whole, pairs)
  let { from, otherFrom } = inner
  const upTo = (until: number, otherUntil: number) => {
    const gap = trimmed(one, other, { from, until, otherFrom, otherUntil }, pairs)
    longestCommon(gap, (a, b) => (one[a] === other[b] ? 1 : 0), pairs)
  }
  for (const [a, b] of anchors(one, other, inner)) {
    upTo(a, b)
    pairs.push([a, b])
    from = a + 1
    otherFrom = b + 1
  }
  upTo(inner.until, inner.otherUntil)
  return pairs.sort(([a], [b]) => a - b)
}

/** Which go together best, by how alike they are: 0 for those that may not. */
export function alignBest(
  length: number,
  otherLength: number,
  likeness: (one: number, other: number) => number,
): Pairs {
  const pairs: [number, number][] = []
  longestCommon({ from: 0, until: length, otherFrom: 0, otherUntil: otherLength }, likeness, pairs)
  return pairs.sort(([a], [b]) => a - b)
}

/** Takes what is the same at both ends into `pairs`, and returns what is left between. */
function trimmed(one: readonly string[], other: readonly string[], gap: Gap, pairs: [number, number][]): Gap {
  let { from, until, otherFrom, otherUntil } = gap
  while (from < until && otherFrom < otherUntil && one[from] === other[otherFrom]) {
    pairs.push([from, otherFrom])
    from += 1
    otherFrom += 1
  }
  while (from < until && otherFrom < otherUntil && one[until - 1] === other[otherUntil - 1]) {
    until -= 1
    otherUntil -= 1
    pairs.push([until, otherUntil])
  }
  return { from, until, otherFrom, otherUntil }
}

/** The values that stand once in each, the most of them that are in the same order in both. */
function anchors(one: readonly string[], other: readonly string[], gap: Gap): readonly [number, number][] {
  const places = new Map<string, number>()
  for (let b = gap.otherFrom; b < gap.otherUntil; b += 1) {
    const value = other[b] ?? ''
    places.set(value, places.has(value) ? -1 : b)
  }
  const seen = new Map<string, number>()
  for (let a = gap.from; a < gap.until; a += 1) {
    const value = one[a] ?? ''
    seen.set(value, seen.has(value) ? -1 : a)
  }
  const candidates = [...seen].flatMap(([value, a]): [number, number][] => {
    const b = places.get(value) ?? -1
    return a < 0 || b < 0 ? [] : [[a, b]]
  })
  return rising(candidates)
}

/** The longest part of pairs, which rise in the first, that rises in the second as well. */
function rising(pairs: readonly [number, number][]): readonly [number, number][] {
  /** For each length the pair that ends the lowest such run. */
  const ends: number[] = []
  const before: number[] = []
  for (const [index, [, b]] of pairs.entries()) {
    let low = 0
    let high = ends.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((pairs[ends[middle] ?? 0]?.[1] ?? 0) < b) low = middle + 1
      else high = middle
    }
    before[index] = low > 0 ? (ends[low - 1] ?? -1) : -1
    ends[low] = index
  }
  const run: [number, number][] = []
  for (let index = ends.at(-1) ?? -1; index >= 0; index = before[index] ?? -1) {
    const pair = pairs[index]
    if (pair !== undefined) run.push(pair)
  }
  return run.reverse()
}

/** The pairing of a gap that is worth most, by dynamic programming. */
function longestCommon(
  { from, until, otherFrom, otherUntil }: Gap,
  likeness: (one: number, other: number) => number,
  pairs: [number, number][],
): void {
  const rows = until - from
  const columns = otherUntil - otherFrom
  if (rows === 0 || columns === 0 || rows * columns > MOST_CELLS) return
  const width = columns + 1
  const best = new Float64Array((rows + 1) * width)
  const worth = new Float64Array(rows * columns)
  const at = (row: number, column: number) => best[row * width + column] ?? 0
  for (let row = rows - 1; row >= 0; row -= 1) {
    for (let column = columns - 1; column >= 0; column -= 1) {
      const alike = likeness(from + row, otherFrom + column)
      worth[row * columns + column] = alike
      const taken = alike > 0 ? alike + at(row + 1, column + 1) : 0
      best[row * width + column] = Math.max(taken, at(row + 1, column), at(row, column + 1))
    }
  }
  for (let row = 0, column = 0; row < rows && column < columns; ) {
    const alike = worth[row * columns + column] ?? 0
    if (alike > 0 && at(row, column) === alike + at(row + 1, column + 1)) {
      pairs.push([from + row, otherFrom + column])
      row += 1
      column += 1
    } else if (at(row, column) === at(row + 1, column)) row += 1
    else column += 1
  }
}

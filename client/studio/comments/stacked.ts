export interface Card {
  readonly id: string
  /** Where its text is. */
  readonly top: number
  readonly height: number
}

const GAP = 8

/**
 * Where cards stand so that each is beside its text and none upon another, in pixels: a card makes way downwards for
 * those before it. The one that is looked at stays beside its text, and those before it make way upwards.
 */
export function stacked(cards: readonly Card[], active: string | undefined): ReadonlyMap<string, number> {
  const sorted = [...cards].sort((a, b) => a.top - b.top)
  const tops = new Map<string, number>()
  const middle = sorted.findIndex(({ id }) => id === active)
  let free = Number.NEGATIVE_INFINITY
  for (const { id, top, height } of sorted.slice(Math.max(0, middle))) {
    const at = Math.max(top, free)
    tops.set(id, at)
    free = at + height + GAP
  }
  if (middle <= 0) return tops
  const above = sorted.slice(0, middle)
  let below = (sorted[middle]?.top ?? 0) - GAP
  // As usual from above, as long as that does not come upon the one that is looked at.
  const usual = stacked(above, undefined)
  for (const { id, height } of above.reverse()) {
    const at = Math.min(usual.get(id) ?? 0, below - height)
    tops.set(id, at)
    below = at - GAP
  }
  return tops
}

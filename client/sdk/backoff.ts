const FIRST_MS = 500
const LONGEST_MS = 10_000

/** How long to wait before attempt `n` (0, 1, 2 …): doubling, up to ten seconds, spread so that a crowd does not return as one. */
export const backoff = (attempt: number, random: () => number = Math.random): number => {
  const whole = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt, 10))
  return Math.round(whole / 2 + (whole / 2) * random())
}

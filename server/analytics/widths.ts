const MINUTE = 60
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** The widths of buckets, with how long each is kept; in seconds. */
export const KEPT = { 5: HOUR, 60: 2 * DAY, 3600: 365 * DAY } as const

export type Width = keyof typeof KEPT
export const WIDTHS = [5, 60, 3600] as const satisfies readonly Width[]

/** How long a batch is known that was taken, so that it counts once, in seconds. */
export const BATCHES_KEPT = 2 * HOUR

/** The width of the buckets that are told live, in ms. */
export const TICK = 5_000

/** Before this a measure is too late: its five-second bucket may be gone. Milliseconds since the epoch. */
export const oldest = (now: number): number => now - KEPT[5] * 1_000

/** The beginning of the bucket in which a moment is; both in ms since the epoch. */
export const bucketAt = (at: number, width: Width): number => at - (at % (width * 1_000))

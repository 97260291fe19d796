/** What took no longer than this on the clock is taken to have had a processor all the while, in ms. */
const BRIEF = 1
/** How old what this thread had of a processor may be when something begins, in ms: so much of others' work may be counted in. */
const FRESH = 10

let askedAt = Number.NEGATIVE_INFINITY
let had = 0

/**
 * What this thread has had of a processor, in ms. Asking takes 0.3 µs, and 2 µs where the processor has done something else
 * meanwhile: asked before and after each edit it was 6 % of what a crowd of 200 took.
 */
function processorTime(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}

/** Something begins that somebody is charged for. Returns what time it is, in ms (performance.now). */
export function begin(): number {
  const now = performance.now()
  if (now - askedAt > FRESH) {
    askedAt = now
    had = processorTime()
  }
  return now
}

/**
 * What it has taken of a processor, in ms, at most. Time on the clock would count against a person what other programs do
 * meanwhile: a day's edits took a second beside a busy machine's, and 0.2 s of a processor.
 */
export function spent(began: number, now: number): number {
  const passed = now - began
  return passed <= BRIEF ? passed : Math.min(passed, processorTime() - had)
}

import { readdirSync, readFileSync } from 'node:fs'
import { cpus } from 'node:os'

const TICK_MS = 10
/** In /proc/stat's first line: user, nice, system, then idle and iowait, then interrupts, then what the host took. */
const BUSY_FIELDS = [1, 2, 3, 6, 7, 8]
/** In /proc/PID/stat, from behind the name: user and system, and both of children that have ended, as Postgres' vacuum does. */
const OWN_FIELDS = [11, 12, 13, 14]

interface Moment {
  readonly at: number
  readonly busy: number
  readonly own: number
}

/** Begins to watch; the function that it gives tells which share of the machine other programs have had since. */
export function watchOthers(): () => number {
  const before = moment()
  return () => {
    const after = moment()
    const theirs = after.busy - before.busy - (after.own - before.own)
    return Math.max(0, theirs / ((after.at - before.at) * cpus().length))
  }
}

function moment(): Moment {
  const fields = readFileSync('/proc/stat', 'utf8').split('\n', 1)[0]?.split(/ +/).map(Number) ?? []
  const busy = BUSY_FIELDS.reduce((sum, field) => sum + (fields[field] ?? 0), 0) * TICK_MS
  return { at: performance.now(), busy, own: ownTime() }
}

/** Processor time of this process and all that descend from it, in ms. */
function ownTime(): number {
  const parents = new Map<number, number>()
  const times = new Map<number, number>()
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    const stat = statOf(entry)
    if (stat === undefined) continue
    // The name, in brackets, may hold anything; the numbers follow the last one.
    const fields = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number)
    parents.set(Number(entry), fields[1] ?? 0)
    times.set(Number(entry), OWN_FIELDS.reduce((sum, field) => sum + (fields[field] ?? 0), 0) * TICK_MS)
  }
  let sum = 0
  for (const [pid, time] of times) {
    let ancestor: number | undefined = pid
    while (ancestor !== undefined && ancestor > 1 && ancestor !== process.pid)
      ancestor = parents.get(ancestor)
    if (ancestor === process.pid) sum += time
  }
  return sum
}

function statOf(pid: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8')
  } catch {
    // It ended since the folder was listed.
    return undefined
  }
}

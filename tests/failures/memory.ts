import type { ServerProcess } from '../support/server-process.ts'

/** What a process takes once its garbage is collected, in MiB. */
export interface Taken {
  readonly minute: number
  /** What is alive on the heap. */
  readonly heap: number
  /** All that the system has given it, of which it may hold back what it does not need. */
  readonly resident: number
}

const MEBIBYTE = 1024 * 1024

/** Of a server with `collect.ts`. */
export async function measureMemory({ pid, url }: ServerProcess, minute: number): Promise<Taken> {
  if (pid === undefined) throw new Error('there is no process')
  process.kill(pid, 'SIGWINCH')
  const text = await (await fetch(`${url}/metrics`)).text()
  const of = (part: string): number => {
    const [, value] =
      new RegExp(`^syncline_memory_bytes\\{.*part="${part}".*\\} (\\S+)$`, 'm').exec(text) ?? []
    if (value === undefined) throw new Error(`no ${part} among the metrics`)
    return Number(value) / MEBIBYTE
  }
  return { minute, heap: of('heap_used'), resident: of('rss') }
}

/** How it was at first and in the end, and the slope of the straight line through all. */
export function sayMemory(all: readonly Taken[]): string {
  if (all.length < 3) return 'memory: too short to say'
  const line = (of: 'heap' | 'resident') =>
    `${all[0]?.[of].toFixed(0)} to ${all.at(-1)?.[of].toFixed(0)} MiB, ${slope(all, of).toFixed(2)} MiB a minute`
  return `the node that is never ended: alive on the heap ${line('heap')}; resident ${line('resident')}`
}

export function slope(all: readonly Taken[], of: 'heap' | 'resident'): number {
  const mean = (value: (one: Taken) => number) => all.reduce((sum, one) => sum + value(one), 0) / all.length
  const [x, y] = [mean(({ minute }) => minute), mean((one) => one[of])]
  return mean((one) => (one.minute - x) * (one[of] - y)) / mean(({ minute }) => (minute - x) ** 2)
}

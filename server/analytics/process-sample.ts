import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { SystemMeasure } from './own-measures.ts'

/** What every process can say of itself: its memory, and how long its event loop was held up since it was asked last. */
export function createProcessSample(): () => readonly SystemMeasure[] {
  const delay = monitorEventLoopDelay({ resolution: 20 })
  delay.enable()
  return () => {
    const { rss, heapUsed } = process.memoryUsage()
    const measures = [
      { name: 'process.memory.rss', value: rss },
      { name: 'process.memory.heap', value: heapUsed },
      { name: 'process.event_loop.p99', value: (delay.percentile(99) || 0) / 1e6 },
    ]
    delay.reset()
    return measures
  }
}

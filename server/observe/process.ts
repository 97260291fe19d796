import { constants, PerformanceObserver } from 'node:perf_hooks'
import type { EventLoopDelay } from './event-loop.ts'
import type { COLLECTIONS } from './metric-list.ts'
import { type Metrics, OTHER } from './metrics.ts'

const COLLECTION: Readonly<Record<number, (typeof COLLECTIONS)[number]>> = {
  [constants.NODE_PERFORMANCE_GC_MINOR]: 'minor',
  [constants.NODE_PERFORMANCE_GC_MAJOR]: 'major',
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL]: 'incremental',
  [constants.NODE_PERFORMANCE_GC_WEAKCB]: 'weak',
}

/** Has the process itself measured; returns what ends that. */
export function measureProcess(metrics: Metrics, loopDelay: EventLoopDelay): () => void {
  const delay = loopDelay.teller()
  metrics.ask('syncline_event_loop_delay_seconds', () => {
    const { median, p99, worst } = delay()
    return { '0.5': median / 1000, '0.99': p99 / 1000, '1': worst / 1000 }
  })
  metrics.ask('syncline_memory_bytes', () => {
    const { rss, heapUsed, heapTotal, external, arrayBuffers } = process.memoryUsage()
    return { rss, heap_used: heapUsed, heap_total: heapTotal, external, array_buffers: arrayBuffers }
  })
  metrics.ask('syncline_cpu_seconds_total', () => {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1e6
  })
  metrics.ask('syncline_start_time_seconds', () => Date.now() / 1000 - process.uptime())
  const collections = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      // The types know no `detail` of these.
      const { kind } = Reflect.get(entry, 'detail') as { readonly kind: number }
      const collection = COLLECTION[kind] ?? OTHER
      metrics.observe('syncline_gc_duration_seconds', entry.duration / 1000, { collection })
    }
  })
  collections.observe({ entryTypes: ['gc'] })
  return () => collections.disconnect()
}

import { useCallback, useEffect, useState } from 'react'
import type { RequestError, TokenSource } from '../../api.ts'
import { toRequestError } from '../../history/use-timeline.ts'
import { Metrics, type Range, readMetrics } from './metrics.ts'

interface Measured {
  /** Undefined until something was read. */
  readonly metrics: Metrics | undefined
  readonly error: RequestError | undefined
  readonly retry: () => void
}

/** Buckets that are read again, since they may have been added to. */
const AGAIN = 2

/** What the server has measured of itself in that time, and goes on measuring. */
export function useMetrics(token: TokenSource, range: Range): Measured {
  const [read, setRead] = useState<{ readonly range: Range; readonly metrics: Metrics }>()
  const [error, setError] = useState<RequestError>()
  const [attempt, setAttempt] = useState(0)

  // biome-ignore lint/correctness/useExhaustiveDependencies: each attempt looks again at once
  useEffect(() => {
    const controller = new AbortController()
    const { signal } = controller
    let metrics = new Metrics()
    let timer: ReturnType<typeof setTimeout> | undefined
    const look = async () => {
      const start = Date.now() / 1000 - range.seconds
      const { last } = metrics
      const from = last === undefined ? start : Math.max(start, last - (AGAIN - 1) * range.width)
      const series = await readMetrics(token, range, from, signal)
      if (signal.aborted) return
      metrics = metrics.with(series, start)
      setRead({ range, metrics })
      setError(undefined)
    }
    const run = async () => {
      if (document.visibilityState === 'visible') {
        try {
          await look()
        } catch (cause) {
          if (!signal.aborted) setError(toRequestError(cause))
        }
      }
      if (!signal.aborted) timer = setTimeout(() => void run(), range.everyMs)
    }
    void run()
    return () => {
      controller.abort()
      clearTimeout(timer)
    }
  }, [token, range, attempt])

  const retry = useCallback(() => setAttempt((count) => count + 1), [])
  return { metrics: read?.range === range ? read.metrics : undefined, error, retry }
}

import { useEffect, useState } from 'react'
import type { Bucket, HistoryApi } from './api.ts'

const BUCKETS = 160

/** How much was done where, up to `head`. */
export function useActivity(api: HistoryApi, head: number): readonly Bucket[] {
  const [buckets, setBuckets] = useState<readonly Bucket[]>([])
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is newer is to be in it
  useEffect(() => {
    const controller = new AbortController()
    // Without an answer there is no picture over the handle, which works all the same.
    api.activity(BUCKETS, controller.signal).then(
      (answer) => setBuckets(answer.buckets),
      () => undefined,
    )
    return () => controller.abort()
  }, [api, head])
  return buckets
}

import { useCallback, useEffect, useState } from 'react'
import { useMetrics } from '../../../react/index.ts'
import type { MetricSeries } from '../../../sdk/index.ts'
import { answered } from '../../answered.ts'
import { LISTED_WITHIN, type TokenSource } from '../../api.ts'
import { ask } from '../api.ts'
import { SYSTEM } from './metrics.ts'

interface Problem {
  readonly code: string
  readonly message: string
}

interface Readiness {
  readonly ready: boolean
  readonly problems: readonly Problem[]
  /** What is wrong though it is ready. */
  readonly degraded: readonly Problem[]
}

interface Unwell {
  readonly quarantined: number
  readonly damaged: number
}

/** How the server does, as it says itself; `reached` is false where it says nothing. */
export type Health =
  | { readonly reached: false }
  | (Readiness & {
      readonly reached: true
      /** How many rooms are so; undefined where it could not be read. */
      readonly rooms: Unwell | undefined
      /** Of the last ten minutes; undefined where it could not be read. */
      readonly errors: number | undefined
    })

const LOOK_MS = 5_000
/** Of how long errors are counted, in seconds. */
const LATELY = 600

/** What is asked for every few seconds; errors are told. */
type Looked = { readonly reached: false } | Omit<Extract<Health, { reached: true }>, 'errors'>

/** Undefined until the server was asked. */
export function useHealth(token: TokenSource): {
  readonly health: Health | undefined
  readonly look: () => void
} {
  const [looked, setLooked] = useState<Looked>()
  const [attempt, setAttempt] = useState(0)
  // biome-ignore lint/correctness/useExhaustiveDependencies: each attempt looks again at once
  useEffect(() => {
    const controller = new AbortController()
    const { signal } = controller
    let timer: ReturnType<typeof setTimeout> | undefined
    const run = async () => {
      if (document.visibilityState === 'visible') {
        const found = await lookAt(token, signal)
        if (!signal.aborted) setLooked(found)
      }
      if (!signal.aborted) timer = setTimeout(() => void run(), LOOK_MS)
    }
    void run()
    return () => {
      controller.abort()
      clearTimeout(timer)
    }
  }, [token, attempt])
  const look = useCallback(() => setAttempt((count) => count + 1), [])
  const { series, error } = useMetrics(SYSTEM, { names: ['errors'], last: LATELY })
  if (looked === undefined || !looked.reached) return { health: looked, look }
  if (error !== undefined) return { health: { ...looked, errors: undefined }, look }
  return { health: series && { ...looked, errors: errorsLately(series) }, look }
}

/** They are told when there are some: how long ago the last were, the clock says. */
function errorsLately(series: readonly MetricSeries[]): number {
  const since = Date.now() - LATELY * 1_000
  const lately = series.flatMap(({ points }) => points.filter(({ at }) => Date.parse(at) >= since))
  return lately.reduce((all, { sum }) => all + sum, 0)
}

async function lookAt(token: TokenSource, signal: AbortSignal): Promise<Looked> {
  const [said, rooms] = await Promise.all([
    readiness(signal),
    ask<Unwell>(token, '/admin/rooms/health', {}, signal).catch(() => undefined),
  ])
  return said === undefined ? { reached: false } : { reached: true, ...said, rooms }
}

/** Answered without a token, and with 503 where something is wrong: that is an answer, too. */
async function readiness(signal: AbortSignal): Promise<Readiness | undefined> {
  try {
    const { bytes } = await answered('/health/ready', { signal }, LISTED_WITHIN)
    const said = JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>
    const { ready, problems, degraded } = said
    if (typeof ready !== 'boolean') return undefined
    return { ready, problems: listOf(problems), degraded: listOf(degraded) }
  } catch {
    return undefined
  }
}

const listOf = (value: unknown): readonly Problem[] => (Array.isArray(value) ? value : [])

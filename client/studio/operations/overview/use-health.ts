import { useCallback, useEffect, useState } from 'react'
import type { MetricSeries } from '../../../sdk/index.ts'
import { RequestError, type TokenSource } from '../../api.ts'
import { ask, roomRoute } from '../api.ts'
import { ROOM } from './metrics.ts'

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
const ERRORS_OF_MS = 600_000
/** The narrowest there is, in seconds. */
const WIDTH = 5

/** Undefined until the server was asked. */
export function useHealth(token: TokenSource): {
  readonly health: Health | undefined
  readonly look: () => void
} {
  const [health, setHealth] = useState<Health>()
  const [attempt, setAttempt] = useState(0)
  // biome-ignore lint/correctness/useExhaustiveDependencies: each attempt looks again at once
  useEffect(() => {
    const controller = new AbortController()
    const { signal } = controller
    let timer: ReturnType<typeof setTimeout> | undefined
    const run = async () => {
      if (document.visibilityState === 'visible') {
        const found = await lookAt(token, signal)
        if (!signal.aborted) setHealth(found)
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
  return { health, look }
}

async function lookAt(token: TokenSource, signal: AbortSignal): Promise<Health> {
  const [said, rooms, errors] = await Promise.all([
    readiness(signal),
    ask<Unwell>(token, '/admin/rooms/health', {}, signal).catch(() => undefined),
    errorsLately(token, signal).catch(() => undefined),
  ])
  return said === undefined ? { reached: false } : { reached: true, ...said, rooms, errors }
}

/** Answered without a token, and with 503 where something is wrong: that is an answer, too. */
async function readiness(signal: AbortSignal): Promise<Readiness | undefined> {
  try {
    const response = await fetch('/health/ready', { signal })
    const { ready, problems, degraded } = (await response.json()) as Record<string, unknown>
    if (typeof ready !== 'boolean') return undefined
    return { ready, problems: listOf(problems), degraded: listOf(degraded) }
  } catch {
    return undefined
  }
}

const listOf = (value: unknown): readonly Problem[] => (Array.isArray(value) ? value : [])

async function errorsLately(token: TokenSource, signal: AbortSignal): Promise<number> {
  const from = new Date(Date.now() - ERRORS_OF_MS).toISOString()
  const query = { names: 'errors', from, width: String(WIDTH) }
  try {
    const path = `${roomRoute(ROOM)}/metrics`
    const { series } = await ask<{ series: readonly MetricSeries[] }>(token, path, query, signal)
    return series.reduce((all, { points }) => points.reduce((sum, point) => sum + point.sum, all), 0)
  } catch (cause) {
    // Of a server that has just begun nothing was written down yet.
    if (cause instanceof RequestError && cause.code === 'room-not-found') return 0
    throw cause
  }
}

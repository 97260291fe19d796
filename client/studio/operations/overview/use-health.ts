import { useCallback, useEffect, useState } from 'react'
import type { TokenSource } from '../../api.ts'
import type { RoomSummary } from '../../rooms/api.ts'
import { ask } from '../api.ts'

interface Problem {
  readonly code: string
  readonly message: string
}

/** How the server does, as it says itself; `reached` is false where it says nothing. */
export type Health =
  | { readonly reached: false }
  | {
      readonly reached: true
      readonly ready: boolean
      readonly problems: readonly Problem[]
      /** Rooms that are so; 100 stands for that many or more. Undefined where it could not be read. */
      readonly quarantined: number | undefined
      readonly damaged: number | undefined
    }

const LOOK_MS = 5_000
const MOST = 100

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
  const [said, quarantined, damaged] = await Promise.all([
    readiness(signal),
    roomsThatAre(token, 'quarantined', signal),
    roomsThatAre(token, 'damaged', signal),
  ])
  return said === undefined ? { reached: false } : { reached: true, ...said, quarantined, damaged }
}

/** Answered without a token, and with 503 where something is wrong: that is an answer, too. */
async function readiness(
  signal: AbortSignal,
): Promise<{ readonly ready: boolean; readonly problems: readonly Problem[] } | undefined> {
  try {
    const response = await fetch('/health/ready', { signal })
    const { ready, problems } = (await response.json()) as Record<string, unknown>
    if (typeof ready !== 'boolean') return undefined
    return { ready, problems: Array.isArray(problems) ? problems : [] }
  } catch {
    return undefined
  }
}

async function roomsThatAre(
  token: TokenSource,
  health: RoomSummary['health'],
  signal: AbortSignal,
): Promise<number | undefined> {
  try {
    const query = { health, limit: String(MOST) }
    return (await ask<{ rooms: readonly unknown[] }>(token, '/admin/rooms', query, signal)).rooms.length
  } catch {
    return undefined
  }
}

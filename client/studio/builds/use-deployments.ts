import { useEffect, useRef, useState } from 'react'
import { type DeploymentState, foldDeployment, NO_DEPLOYMENT } from '../../sdk/index.ts'
import type { TokenSource } from '../api.ts'
import { getEvents, getRoomsOf } from './api.ts'

export interface Deployment {
  readonly room: string
  readonly state: DeploymentState
}

const EVENTS = [
  'deployment.started',
  'deployment.progress',
  'deployment.completed',
  'deployment.failed',
] as const

/** Often enough to see a deployment go on. */
const REFRESH_MS = 3_000
/** Rooms that are looked at, last changed first: a build is deployed soon after it was made, or it is searched elsewhere. */
const LOOKED_AT = 50

/**
 * The deployments that name a build, newest first. A deployment's room says so in its first event only, so those are
 * looked through that changed since the build began, each room once for each time that it changes.
 */
export function useDeployments(
  token: TokenSource,
  build: string,
  since: number | undefined,
): readonly Deployment[] {
  const [found, setFound] = useState<readonly Deployment[]>([])
  const known = useRef(new Map<string, { readonly head: number; readonly state: DeploymentState }>())

  useEffect(() => {
    if (since === undefined) return
    const controller = new AbortController()
    const { signal } = controller
    let timer: ReturnType<typeof setTimeout> | undefined
    const look = async () => {
      const { rooms } = await getRoomsOf(token, 'deployment', undefined, signal)
      const candidates = rooms.filter(({ changedAt }) => Date.parse(changedAt) >= since).slice(0, LOOKED_AT)
      for (const { name, head } of candidates) {
        if (known.current.get(name)?.head === head) continue
        const events = await getEvents(token, name, EVENTS, signal)
        known.current.set(name, { head, state: foldDeployment(NO_DEPLOYMENT, events) })
      }
      const ours = candidates.flatMap(({ name }) => {
        const state = known.current.get(name)?.state
        return state?.started?.build === build ? [{ room: name, state }] : []
      })
      setFound((before) => (same(before, ours) ? before : ours))
    }
    const again = () => {
      if (signal.aborted) return
      timer = setTimeout(() => {
        if (document.visibilityState === 'visible') look().then(again, again)
        else again()
      }, REFRESH_MS)
    }
    // What cannot be read now is read next time; the build itself says whether the server is there.
    look().then(again, again)
    return () => {
      controller.abort()
      clearTimeout(timer)
    }
  }, [token, build, since])

  return found
}

const same = (before: readonly Deployment[], after: readonly Deployment[]): boolean =>
  before.length === after.length && before.every(({ state }, at) => state === after[at]?.state)

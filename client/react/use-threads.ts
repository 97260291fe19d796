import { useMemo, useSyncExternalStore } from 'react'
import { type Threads, type ThreadsView, threadsOf } from '../sdk/comments/threads.ts'
import type { Room } from '../sdk/room.ts'

/** The comments of a room's document, with what is on its way, and what adds to them; more may come until `caughtUp`. */
export const useThreads = (room: Room): readonly [ThreadsView, Threads] => {
  const threads = threadsOf(room)
  const state = useSyncExternalStore(threads.subscribe, threads.getState, threads.getState)
  return useMemo(() => [state, threads], [state, threads])
}

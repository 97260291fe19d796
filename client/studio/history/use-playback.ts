import { useCallback, useEffect, useRef, useState } from 'react'
import type { RequestError } from '../api.ts'
import type { Author, HistoryApi, Run, TypeRuns, Types } from './api.ts'
import { type Shown, shownTypes } from './shown.ts'
import { toRequestError } from './use-timeline.ts'

/** One picture of a playback: a position, with the last few steps up to it marked. */
interface Frame {
  readonly seq: number
  readonly shown: Shown
  /** The newest of what is marked. */
  readonly by: Author | undefined
}

export interface Playback {
  readonly frame: Frame | undefined
  readonly playing: boolean
  readonly error: RequestError | undefined
  readonly play: (from: number, until: number) => void
  readonly pause: () => void
}

/** Entries a step; `whole`: as many as let all of it pass in a minute. */
export const SPEEDS = ['1', '4', '16', '64', 'whole'] as const
export type Speed = (typeof SPEEDS)[number]

const STEP_MS = 250
const STEPS_OF_WHOLE = 240
/** Steps whose traces stay visible: an edit of one letter would flash by. */
const TRAIL = 6

/**
 * Plays positions one after the other. One request at a time: the next picture is asked for when this one is
 * shown, and shown when it is there and its time has come; a slow server makes a slow playback and no queue.
 */
export function usePlayback(api: HistoryApi, speed: Speed, onEnd: (seq: number) => void): Playback {
  const [frame, setFrame] = useState<Frame>()
  const [error, setError] = useState<RequestError>()
  const [run, setRun] = useState<{ readonly from: number; readonly until: number }>()
  const latest = useRef({ speed, onEnd, seq: 0 })
  useEffect(() => {
    latest.current = { ...latest.current, speed, onEnd }
  })

  useEffect(() => {
    if (run === undefined) return
    const controller = new AbortController()
    const { signal } = controller
    const { from, until } = run
    const stepped = (seq: number) => Math.min(until, seq + stepOf(latest.current.speed, until))
    const ask = async (seq: number): Promise<Frame> => {
      const trail = seq - TRAIL * stepOf(latest.current.speed, until)
      // Over what retention has merged in one step: there is nothing to see in between.
      const query = { nearest: 'after' } as const
      const { to, types } = await api.diff(String(Math.max(0, trail)), String(seq), query, signal)
      return { seq: to, shown: shownTypes(types), by: newest(types) }
    }
    const play = async () => {
      let next = ask(stepped(from))
      for (;;) {
        const [shown] = await Promise.all([next, wait(STEP_MS)])
        if (signal.aborted) return
        latest.current.seq = shown.seq
        setFrame(shown)
        if (shown.seq >= until) return
        next = ask(stepped(shown.seq))
      }
    }
    setError(undefined)
    play().then(
      () => {
        if (signal.aborted) return
        setRun(undefined)
        latest.current.onEnd(until)
      },
      (cause: unknown) => {
        if (signal.aborted) return
        setRun(undefined)
        setError(toRequestError(cause))
        latest.current.onEnd(latest.current.seq)
      },
    )
    return () => controller.abort()
  }, [api, run])

  const play = useCallback((from: number, until: number) => {
    latest.current.seq = from
    setRun({ from, until })
  }, [])
  const pause = useCallback(() => setRun(undefined), [])
  return { frame, playing: run !== undefined, error, play, pause }
}

/** The pace of the pictures. */
const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

const stepOf = (speed: Speed, until: number): number =>
  speed === 'whole' ? Math.max(1, Math.ceil(until / STEPS_OF_WHOLE)) : Number(speed)

function newest(types: Types): Author | undefined {
  let found: Author | undefined
  const look = ({ status, by }: Pick<Run, 'status' | 'by'>) => {
    if (status !== 'equal' && by !== undefined && by.seq > (found?.seq ?? 0)) found = by
  }
  const visit = ({ entries = {}, runs = [] }: TypeRuns) => {
    for (const entry of Object.values(entries)) {
      look(entry)
      if (entry.after?.node !== undefined) visit(entry.after.node)
    }
    for (const run of runs) {
      look(run)
      if (run.node !== undefined) visit(run.node)
    }
  }
  Object.values(types).forEach(visit)
  return found
}

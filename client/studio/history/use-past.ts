import { useCallback, useEffect, useState } from 'react'
import type { RequestError } from '../api.ts'
import type { HistoryApi } from './api.ts'
import type { AsOf } from './history-bar.tsx'
import type { PlaceControl } from './position.ts'
import { type Shown, shownContent } from './shown.ts'
import { useLatest } from './use-latest.ts'
import { type Speed, usePlayback } from './use-playback.ts'

/** What is shown of the past, and how it is moved through. */
export interface Past {
  readonly shown: Shown | undefined
  /** The position that is shown. */
  readonly seq: number | undefined
  readonly asOf: AsOf | undefined
  readonly error: RequestError | undefined
  readonly retry: () => void
  /** Something else is on its way. */
  readonly stale: boolean
  /** Where the handle is. */
  readonly handle: number
  readonly playing: boolean
  readonly speed: Speed
  readonly setSpeed: (speed: Speed) => void
  readonly play: () => void
  readonly pause: () => void
  /** Moves the handle; `done`: it stays there. “Back” is not to walk through the places where it was. */
  readonly seek: (seq: number, done: boolean) => void
  readonly goTo: (seq: number) => void
}

const NEWEST = 'newest '

/** Position, playback and handle of a history view: of all that may be shown, the one that is. */
export function usePast(api: HistoryApi, { position, show }: PlaceControl, head: number): Past {
  const [speed, setSpeed] = useState<Speed>('4')
  const [dragged, setDragged] = useState<number>()
  const stay = useCallback((seq: number) => show({ kind: 'at', at: String(seq) }, { replace: true }), [show])
  const playback = usePlayback(api, speed, stay)
  const { frame, playing, pause } = playback

  const at = position.kind === 'at' ? position.at : undefined
  // What is newest is asked for again whenever there is something newer.
  const wanted =
    position.kind === 'compare' || playing ? undefined : String(dragged ?? at ?? `${NEWEST}${head}`)
  const load = useCallback(
    async (key: string) => {
      const asked = key.startsWith(NEWEST) ? undefined : key
      const info = await api.position(asked)
      return { info, shown: shownContent(await api.content(String(info.seq))) }
    },
    [api],
  )
  const { value, key, error, retry } = useLatest(wanted, load)

  // Whoever goes somewhere else while it plays wants to be there.
  // biome-ignore lint/correctness/useExhaustiveDependencies: only another place ends it
  useEffect(() => {
    pause()
    setDragged(undefined)
  }, [at, position.kind, pause])

  const seek = useCallback(
    (seq: number, done: boolean) => {
      pause()
      setDragged(done ? undefined : seq)
      if (done) show({ kind: 'at', at: String(seq) }, { replace: at !== undefined })
    },
    [pause, show, at],
  )
  const goTo = useCallback(
    (seq: number) => {
      pause()
      show({ kind: 'at', at: String(seq) })
    },
    [pause, show],
  )

  const paused = frame !== undefined && dragged === undefined && at === String(frame.seq)
  const pictured = playing || paused ? frame : undefined
  const seq = pictured?.seq ?? value?.info.seq
  const by = pictured?.by
  const asOf = by === undefined ? value?.info : { at: new Date(by.at).toISOString(), actor: by.actor }
  const asked = at !== undefined && /^\d+$/.test(at) ? Number(at) : undefined
  const handle = pictured?.seq ?? dragged ?? asked ?? (at === undefined ? head : (seq ?? head))
  return {
    shown: pictured?.shown ?? value?.shown,
    seq,
    asOf,
    error: playback.error ?? error,
    retry,
    stale: pictured === undefined && key !== wanted,
    handle: Math.min(handle, Math.max(head, 1)),
    playing,
    speed,
    setSpeed,
    play: useCallback(() => playback.play(handle >= head ? 0 : handle, head), [playback.play, handle, head]),
    pause: useCallback(() => {
      pause()
      if (frame !== undefined && playing) stay(frame.seq)
    }, [pause, frame, playing, stay]),
    seek,
    goTo,
  }
}

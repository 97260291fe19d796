import { useCallback, useEffect, useMemo, useState } from 'react'
import type { RequestError } from '../api.ts'
import type { HistoryApi, PositionInfo } from './api.ts'
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

/** Where the handle was taken, and where from. */
interface Sought {
  readonly seq: number
  readonly from: number
  readonly done: boolean
}

interface Loaded {
  readonly info: PositionInfo
  readonly shown: Shown
}

/** Position, playback and handle of a history view: of all that may be shown, the one that is. */
export function usePast(api: HistoryApi, { position, show }: PlaceControl, head: number): Past {
  const [speed, setSpeed] = useState<Speed>('4')
  const [sought, setSought] = useState<Sought>()
  const stay = useCallback((seq: number) => show({ kind: 'at', at: String(seq) }, { replace: true }), [show])
  const playback = usePlayback(api, speed, stay)
  const { frame, playing, pause } = playback

  const at = position.kind === 'at' ? position.at : undefined
  // What is newest is asked for again whenever there is something newer.
  const wanted =
    position.kind === 'compare' || playing ? undefined : (keyOf(sought) ?? at ?? `${NEWEST}${head}`)
  const load = useMemo(() => loaderOf(api), [api])
  const { value, key, error, retry } = useLatest(wanted, load)

  // Whoever goes somewhere else while it plays wants to be there.
  // biome-ignore lint/correctness/useExhaustiveDependencies: only another place ends it
  useEffect(() => {
    pause()
    setSought(undefined)
  }, [at, position.kind, pause])

  const paused = frame !== undefined && sought === undefined && at === String(frame.seq)
  const pictured = playing || paused ? frame : undefined
  const seq = pictured?.seq ?? value?.info.seq
  const asked = at !== undefined && /^\d+$/.test(at) ? Number(at) : undefined
  const here = pictured?.seq ?? asked ?? (at === undefined ? head : (seq ?? head))
  const seek = useCallback(
    (seq: number, done: boolean) => {
      pause()
      setSought((before) => ({ seq, from: before?.from ?? here, done }))
    },
    [pause, here],
  )
  // Its address is what is left of where the handle stays, so that it is one that can be opened again.
  useEffect(() => {
    if (sought === undefined || !sought.done) return
    const found = key === keyOf(sought) ? value?.info.seq : error === undefined ? undefined : sought.seq
    if (found === undefined) return
    show({ kind: 'at', at: String(found) }, { replace: at !== undefined })
    setSought(undefined)
  }, [sought, key, value, error, show, at])
  const goTo = useCallback(
    (seq: number) => {
      pause()
      setSought(undefined)
      show({ kind: 'at', at: String(seq) })
    },
    [pause, show],
  )

  const by = pictured?.by
  const asOf = by === undefined ? value?.info : { at: new Date(by.at).toISOString(), actor: by.actor }
  const handle = pictured?.seq ?? sought?.seq ?? here
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
    play: useCallback(() => {
      setSought(undefined)
      playback.play(handle >= head ? 0 : handle, head)
    }, [playback.play, handle, head]),
    pause: useCallback(() => {
      pause()
      if (frame !== undefined && playing) stay(frame.seq)
    }, [pause, frame, playing, stay]),
    seek,
    goTo,
  }
}

/** The way that the handle goes it gets past what retention has merged, also by keys, which go one by one. */
const keyOf = (sought: Sought | undefined): string | undefined =>
  sought && `${sought.seq} ${sought.seq < sought.from ? 'before' : 'after'}`

function loaderOf(api: HistoryApi): (key: string) => Promise<Loaded> {
  let last: Loaded | undefined
  return async (key) => {
    // Where the handle was left, which was loaded while it was on its way.
    if (last !== undefined && key === String(last.info.seq)) return last
    const [, sought, nearest] = /^(\d+) (before|after)$/.exec(key) ?? []
    const info =
      nearest === 'before' || nearest === 'after'
        ? await api.position(sought, { nearest })
        : await api.position(key.startsWith(NEWEST) ? undefined : key)
    last = { info, shown: shownContent(await api.content(String(info.seq))) }
    return last
  }
}

import { useCallback, useEffect, useRef, useState } from 'react'
import type { RequestError } from '../api.ts'
import { toRequestError } from './use-timeline.ts'

export interface Latest<T> {
  /** What was loaded last, also while the next is on its way. */
  readonly value: T | undefined
  /** What it was loaded for. */
  readonly key: string | undefined
  readonly error: RequestError | undefined
  readonly retry: () => void
}

/**
 * Loads what is wanted, one request at a time: of all that was wanted meanwhile only the last is asked for. So a
 * handle that is dragged over a thousand positions asks for as many as the server answers.
 */
export function useLatest<T>(key: string | undefined, load: (key: string) => Promise<T>): Latest<T> {
  const [loaded, setLoaded] = useState<{ readonly key: string; readonly value: T }>()
  const [failed, setFailed] = useState<{ readonly key: string; readonly error: RequestError }>()
  const wanted = useRef(key)
  const loader = useRef(load)
  const running = useRef(false)
  const mounted = useRef(true)

  const start = useCallback(() => {
    const asked = wanted.current
    if (running.current || asked === undefined || !mounted.current) return
    running.current = true
    const ended = () => {
      running.current = false
      if (wanted.current !== asked) start()
    }
    loader.current(asked).then(
      (value) => {
        setLoaded({ key: asked, value })
        setFailed(undefined)
        ended()
      },
      (cause: unknown) => {
        setFailed({ key: asked, error: toRequestError(cause) })
        ended()
      },
    )
  }, [])

  useEffect(() => {
    loader.current = load
    wanted.current = key
    start()
  }, [key, load, start])

  useEffect(() => {
    mounted.current = true
    return () => {
      mounted.current = false
    }
  }, [])

  return {
    value: loaded?.value,
    key: loaded?.key,
    error: failed !== undefined && failed.key === key ? failed.error : undefined,
    retry: start,
  }
}

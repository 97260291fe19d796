import { type DependencyList, useCallback, useEffect, useState } from 'react'
import type { RequestError } from '../../api.ts'
import { toRequestError } from '../use-timeline.ts'

export interface Answer<T> {
  /** The last that came, also while the next is on its way. */
  readonly value: T | undefined
  readonly error: RequestError | undefined
  readonly loading: boolean
  readonly retry: () => void
}

/** Asks whenever what it depends on is another; an answer that comes too late is dropped. */
export function useAnswer<T>(
  ask: ((signal: AbortSignal) => Promise<T>) | undefined,
  dependencies: DependencyList,
): Answer<T> {
  const [answer, setAnswer] = useState<Omit<Answer<T>, 'retry'>>({
    value: undefined,
    error: undefined,
    loading: true,
  })
  const [tries, setTries] = useState(0)
  // biome-ignore lint/correctness/useExhaustiveDependencies: the caller says what the question depends on
  useEffect(() => {
    if (ask === undefined) {
      setAnswer({ value: undefined, error: undefined, loading: false })
      return
    }
    const controller = new AbortController()
    setAnswer(({ value }) => ({ value, error: undefined, loading: true }))
    ask(controller.signal).then(
      (value) => {
        if (!controller.signal.aborted) setAnswer({ value, error: undefined, loading: false })
      },
      (cause: unknown) => {
        if (controller.signal.aborted) return
        setAnswer({ value: undefined, error: toRequestError(cause), loading: false })
      },
    )
    return () => controller.abort()
  }, [...dependencies, tries])
  return { ...answer, retry: useCallback(() => setTries((before) => before + 1), []) }
}

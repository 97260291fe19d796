import { useCallback, useEffect, useRef, useState } from 'react'
import { type DocumentSummary, getDocuments, RequestError, type TokenSource } from '../api.ts'

export interface Documents {
  /** What was read last; kept while a later reading fails, so that a lost network empties nothing. */
  readonly list: readonly DocumentSummary[] | undefined
  readonly error: RequestError | undefined
  readonly reload: () => void
}

/** Lists are not pushed by the server: often enough to feel live, seldom enough to cost nothing. */
const REFRESH_MS = 10_000

export function useDocuments(token: TokenSource): Documents {
  const [list, setList] = useState<readonly DocumentSummary[]>()
  const [error, setError] = useState<RequestError>()
  const running = useRef<AbortController>(undefined)

  const reload = useCallback(() => {
    running.current?.abort()
    const controller = new AbortController()
    running.current = controller
    getDocuments(token, controller.signal).then(
      (documents) => {
        if (controller.signal.aborted) return
        setList(documents)
        setError(undefined)
      },
      (cause: unknown) => {
        if (controller.signal.aborted) return
        setError(
          cause instanceof RequestError
            ? cause
            : new RequestError('internal', 'The list cannot be read', { cause }),
        )
      },
    )
  }, [token])

  useEffect(() => {
    const whenVisible = () => {
      if (document.visibilityState === 'visible') reload()
    }
    reload()
    const timer = setInterval(whenVisible, REFRESH_MS)
    document.addEventListener('visibilitychange', whenVisible)
    window.addEventListener('online', whenVisible)
    return () => {
      clearInterval(timer)
      document.removeEventListener('visibilitychange', whenVisible)
      window.removeEventListener('online', whenVisible)
      running.current?.abort()
    }
  }, [reload])

  return { list, error, reload }
}

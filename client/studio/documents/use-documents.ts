import { useCallback, useState } from 'react'
import { type DocumentSummary, getDocuments, type RequestError, type TokenSource } from '../api.ts'
import { toRequestError } from '../history/use-timeline.ts'
import { useReread } from '../shell/use-reread.ts'

export interface Documents {
  /** What was read last; kept while a later reading fails, so that a lost network empties nothing. */
  readonly list: readonly DocumentSummary[] | undefined
  readonly error: RequestError | undefined
  readonly reload: () => void
}

/** Often enough to feel live, seldom enough to cost nothing. */
const REFRESH_MS = 10_000

export function useDocuments(token: TokenSource): Documents {
  const [list, setList] = useState<readonly DocumentSummary[]>()
  const [error, setError] = useState<RequestError>()
  const read = useCallback(
    async (signal: AbortSignal) => {
      try {
        const documents = await getDocuments(token, signal)
        if (signal.aborted) return
        setList(documents)
        setError(undefined)
      } catch (cause) {
        if (!signal.aborted) setError(toRequestError(cause))
      }
    },
    [token],
  )
  const reload = useReread(read, REFRESH_MS)
  return { list, error, reload }
}

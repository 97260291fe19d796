import { useCallback, useEffect, useRef, useState } from 'react'
import type { RequestError, TokenSource } from '../api.ts'
import { toRequestError } from '../history/use-timeline.ts'
import { type EntryPage, getEntries, type RoomEntry } from './api.ts'

export interface Entries {
  /** In order, the newest last, without a gap; undefined until something was read. */
  readonly list: readonly RoomEntry[] | undefined
  readonly names: Readonly<Record<string, string>>
  /** The newest position of the room, as far as it is known. */
  readonly head: number
  readonly error: RequestError | undefined
  readonly retry: () => void
}

/** Of the newest. Older ones are let go, so that a room can be watched for days. */
const KEPT = 2_000
const PAGE = 500
const LOOK_MS = 1_000
/** After something went wrong. */
const RETRY_MS = 3_000

interface Read {
  readonly list: readonly RoomEntry[]
  readonly names: Readonly<Record<string, string>>
  readonly until: number
  readonly head: number
}

/** The newest entries of a room as they are committed, as long as nobody pauses. */
export function useEntries(token: TokenSource, room: string, paused: boolean): Entries {
  const [read, setRead] = useState<Read>()
  const [error, setError] = useState<RequestError>()
  const [attempt, setAttempt] = useState(0)
  const latest = useRef<Read>(undefined)

  // biome-ignore lint/correctness/useExhaustiveDependencies: each attempt looks again at once
  useEffect(() => {
    if (paused) return
    const controller = new AbortController()
    const { signal } = controller
    let timer: ReturnType<typeof setTimeout> | undefined
    const take = (page: EntryPage, before: Read | undefined) => {
      const names = { ...before?.names, ...page.names }
      const list = [...(before?.list ?? []), ...page.entries].slice(-KEPT)
      latest.current = { list, names, until: page.until, head: page.head }
      setRead(latest.current)
      setError(undefined)
    }
    const look = async () => {
      const before = latest.current
      const page = await getEntries(token, room, { after: before?.until, limit: PAGE }, signal)
      // Too much has come to be read one page after the other: go on with the newest.
      if (before !== undefined && page.head - before.until > KEPT) {
        take(await getEntries(token, room, { limit: PAGE }, signal), undefined)
      } else take(page, before)
    }
    const later = (ms: number) => {
      if (!signal.aborted) timer = setTimeout(run, ms)
    }
    const run = () => {
      if (document.visibilityState === 'hidden') return later(LOOK_MS)
      look().then(
        () => later(latest.current !== undefined && latest.current.until < latest.current.head ? 0 : LOOK_MS),
        (cause: unknown) => {
          if (signal.aborted) return
          const failed = toRequestError(cause)
          setError(failed)
          // The room is another one of the same name now: what was read of it says nothing any more.
          if (failed.code === 'position-invalid') latest.current = undefined
          if (failed.code !== 'forbidden') later(RETRY_MS)
        },
      )
    }
    run()
    return () => {
      controller.abort()
      clearTimeout(timer)
    }
  }, [token, room, paused, attempt])

  const retry = useCallback(() => setAttempt((count) => count + 1), [])
  return { list: read?.list, names: read?.names ?? NO_NAMES, head: read?.head ?? 0, error, retry }
}

const NO_NAMES = {}

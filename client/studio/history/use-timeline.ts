import { useCallback, useEffect, useRef, useState } from 'react'
import { RequestError } from '../api.ts'
import type { HistoryApi, Session, TimelineFilter, TimelinePage } from './api.ts'

export interface Timeline {
  /** Newest first; undefined until something was read. */
  readonly sessions: readonly Session[] | undefined
  readonly head: number
  /** Whether there are older ones that were not read yet. */
  readonly more: boolean
  readonly error: RequestError | undefined
  /** Reads the next older page, unless one is being read. */
  readonly loadMore: () => void
  /** Reads all of it again that was read before. */
  readonly reload: () => void
}

interface Read {
  readonly sessions: readonly Session[]
  readonly next: number | null
  readonly head: number
}

const PAGE = 50
/** As often as the list of documents: feels live, costs nothing. */
const TAIL_MS = 4_000

/** The room's sessions, page by page, with what happens now on top. Another filter begins anew. */
export function useTimeline(api: HistoryApi, filter: TimelineFilter): Timeline {
  const [read, setRead] = useState<Read>()
  const [error, setError] = useState<RequestError>()
  const next = useRef<number | null>(null)
  const shown = useRef(0)
  const older = useRef<AbortController>(undefined)
  const newer = useRef<AbortController>(undefined)

  const fetch = useCallback(
    (running: typeof older, before: number | undefined, take: (page: TimelinePage) => void) => {
      const controller = new AbortController()
      running.current = controller
      const ended = () => {
        if (running.current === controller) running.current = undefined
      }
      api.timeline({ ...filter, before, limit: PAGE }, controller.signal).then(
        (page) => {
          ended()
          if (controller.signal.aborted) return
          setError(undefined)
          take(page)
        },
        (cause: unknown) => {
          ended()
          if (!controller.signal.aborted) setError(toRequestError(cause))
        },
      )
    },
    [api, filter],
  )

  const tail = useCallback(() => {
    newer.current?.abort()
    fetch(newer, undefined, (page) => setRead((before) => withNewest(before, page)))
  }, [fetch])

  const reload = useCallback(() => {
    older.current?.abort()
    const again = (before: number | undefined, sessions: readonly Session[]) =>
      fetch(older, before, (page) => {
        const all = [...sessions, ...page.sessions]
        if (page.next !== null && all.length < shown.current) again(page.next, all)
        else setRead({ ...page, sessions: all })
      })
    again(undefined, [])
  }, [fetch])

  const loadMore = useCallback(() => {
    if (older.current !== undefined || next.current === null) return
    fetch(older, next.current, (page) => setRead((before) => withOlder(before, page)))
  }, [fetch])

  useEffect(() => {
    next.current = read?.next ?? null
    shown.current = read?.sessions.length ?? 0
  }, [read])

  useEffect(() => {
    setRead(undefined)
    tail()
    const whenVisible = () => {
      if (document.visibilityState === 'visible' && newer.current === undefined) tail()
    }
    const timer = setInterval(whenVisible, TAIL_MS)
    document.addEventListener('visibilitychange', whenVisible)
    return () => {
      clearInterval(timer)
      document.removeEventListener('visibilitychange', whenVisible)
      newer.current?.abort()
      older.current?.abort()
      newer.current = undefined
      older.current = undefined
    }
  }, [tail])

  const { sessions, head = 0 } = read ?? {}
  return { sessions, head, more: (read?.next ?? null) !== null, error, loadMore, reload }
}

/** The newest page over what was read before; where they do not touch, what was read before goes. */
function withNewest(before: Read | undefined, page: TimelinePage): Read {
  const oldest = page.sessions.at(-1)
  const newestBefore = before?.sessions[0]
  if (before === undefined || oldest === undefined || newestBefore === undefined) return page
  const kept = before.sessions.filter(({ firstSeq }) => firstSeq < oldest.firstSeq)
  const touches = page.next === null || newestBefore.lastSeq >= oldest.firstSeq
  if (!touches) return page
  const sessions = [...page.sessions, ...kept]
  if (page.head === before.head && JSON.stringify(sessions) === JSON.stringify(before.sessions)) return before
  return { sessions, next: kept.length === 0 ? page.next : before.next, head: page.head }
}

function withOlder(before: Read | undefined, page: TimelinePage): Read {
  if (before === undefined) return page
  const known = new Set(before.sessions.map(({ firstSeq }) => firstSeq))
  const sessions = page.sessions.filter(({ firstSeq }) => !known.has(firstSeq))
  return {
    sessions: [...before.sessions, ...sessions],
    next: page.next,
    head: Math.max(before.head, page.head),
  }
}

export const toRequestError = (cause: unknown): RequestError =>
  cause instanceof RequestError
    ? cause
    : new RequestError('internal', 'The server’s answer cannot be read', { cause })

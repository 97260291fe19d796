import { useCallback, useEffect, useRef, useState } from 'react'
import { type BuildState, foldBuild, NO_BUILD } from '../../sdk/index.ts'
import type { RequestError, TokenSource } from '../api.ts'
import { toRequestError } from '../history/use-timeline.ts'
import { useReread } from '../shell/use-reread.ts'
import { getEvents, getRoomsOf, type RoomSummary } from './api.ts'

export interface ListedBuild {
  readonly room: RoomSummary
  /** Undefined until it was read. */
  readonly build: BuildState | undefined
}

export interface Builds {
  readonly list: readonly ListedBuild[] | undefined
  readonly error: RequestError | undefined
  readonly reload: () => void
  /** Reads on; undefined where there is no more. */
  readonly loadMore: (() => void) | undefined
}

/** Often enough to see a build go on. */
const REFRESH_MS = 5_000
/** What a row shows; the log and the many steps of progress are for the page. */
const MILESTONES = [
  'build.created',
  'build.queued',
  'build.started',
  'build.completed',
  'build.failed',
  'build.cancelled',
] as const
/** Rooms that are asked at a time. */
const AT_ONCE = 4

/** The builds that one may see, last changed first, and how each of them stands. */
export function useBuilds(token: TokenSource): Builds {
  const [rooms, setRooms] = useState<readonly RoomSummary[]>()
  const [next, setNext] = useState<string | null>(null)
  const [error, setError] = useState<RequestError>()
  const states = useRef(new Map<string, { readonly head: number; readonly build: BuildState }>())
  const [, setRead] = useState(0)
  /** Of its own: the list is read anew while more of it is on its way. */
  const more = useRef<AbortController>(undefined)
  /** Where the list goes on, the first page does not know any more. */
  const wentOn = useRef(false)

  const read = useCallback(
    async (after: string | undefined, signal: AbortSignal) => {
      const page = await getRoomsOf(token, 'build', after, signal)
      if (signal.aborted) return
      setError(undefined)
      setRooms((before = []) =>
        merged(after === undefined ? page.rooms : before, after === undefined ? before : page.rooms),
      )
      if (after !== undefined || !wentOn.current) setNext(page.next)
      if (after !== undefined) wentOn.current = true
      const changed = page.rooms.filter(({ name, head }) => states.current.get(name)?.head !== head)
      const worker = async () => {
        for (let room = changed.shift(); room !== undefined; room = changed.shift()) {
          const events = await getEvents(token, room.name, MILESTONES, signal)
          states.current.set(room.name, { head: room.head, build: foldBuild(NO_BUILD, events) })
          setRead((count) => count + 1)
        }
      }
      await Promise.all(Array.from({ length: AT_ONCE }, worker))
    },
    [token],
  )
  const ask = useCallback(
    (after: string | undefined, signal: AbortSignal) =>
      read(after, signal).catch((cause: unknown) => {
        if (!signal.aborted) setError(toRequestError(cause))
      }),
    [read],
  )
  const reload = useReread(
    useCallback((signal: AbortSignal) => ask(undefined, signal), [ask]),
    REFRESH_MS,
  )
  const goOn = (after: string) => {
    more.current?.abort()
    more.current = new AbortController()
    void ask(after, more.current.signal)
  }
  useEffect(() => () => more.current?.abort(), [])

  return {
    list: rooms?.map((room) => ({ room, build: states.current.get(room.name)?.build })),
    error,
    reload,
    loadMore: next === null ? undefined : () => goOn(next),
  }
}

/** Those of `first`, then the others of `rest`. */
function merged(first: readonly RoomSummary[], rest: readonly RoomSummary[]): readonly RoomSummary[] {
  const names = new Set(first.map(({ name }) => name))
  return [...first, ...rest.filter(({ name }) => !names.has(name))]
}

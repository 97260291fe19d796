import { useCallback, useEffect, useRef, useState } from 'react'
import { type BuildState, foldBuild, NO_BUILD } from '../../sdk/index.ts'
import { RequestError, type TokenSource } from '../api.ts'
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

/** Lists are not pushed by the server: often enough to see a build go on. */
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
  /** Each of its own: the list is read anew while more of it is on its way. */
  const running = useRef<{ first?: AbortController; more?: AbortController }>({})
  /** Where the list goes on, the first page does not know any more. */
  const wentOn = useRef(false)

  const ask = useCallback(
    (after: string | undefined) => {
      const which = after === undefined ? 'first' : 'more'
      running.current[which]?.abort()
      const controller = new AbortController()
      running.current[which] = controller
      const { signal } = controller
      const read = async () => {
        const page = await getRoomsOf(token, 'build', after, signal)
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
      }
      read().catch((cause: unknown) => {
        if (signal.aborted) return
        setError(
          cause instanceof RequestError
            ? cause
            : new RequestError('internal', 'The server’s answer cannot be read', { cause }),
        )
      })
    },
    [token],
  )
  const reload = useCallback(() => ask(undefined), [ask])
  useEffect(() => {
    const whenVisible = () => {
      if (document.visibilityState === 'visible') reload()
    }
    reload()
    const timer = setInterval(whenVisible, REFRESH_MS)
    document.addEventListener('visibilitychange', whenVisible)
    return () => {
      clearInterval(timer)
      document.removeEventListener('visibilitychange', whenVisible)
      for (const controller of Object.values(running.current)) controller.abort()
    }
  }, [reload])

  return {
    list: rooms?.map((room) => ({ room, build: states.current.get(room.name)?.build })),
    error,
    reload,
    loadMore: next === null ? undefined : () => ask(next),
  }
}

/** Those of `first`, then the others of `rest`. */
function merged(first: readonly RoomSummary[], rest: readonly RoomSummary[]): readonly RoomSummary[] {
  const names = new Set(first.map(({ name }) => name))
  return [...first, ...rest.filter(({ name }) => !names.has(name))]
}

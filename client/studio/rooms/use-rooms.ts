import { useCallback, useEffect, useRef, useState } from 'react'
import { RequestError, type TokenSource } from '../api.ts'
import { getRooms, type RoomSummary, type RoomsQuery } from './api.ts'

export interface Rooms {
  /** Undefined until something was read. Until an answer comes, those of the question before; not where none comes. */
  readonly rooms: readonly RoomSummary[] | undefined
  readonly error: RequestError | undefined
  /** Reads the next page; undefined where there is none. */
  readonly loadMore: (() => void) | undefined
  readonly reload: () => void
}

interface Read {
  readonly query: RoomsQuery
  readonly rooms: readonly RoomSummary[]
  readonly next: string | null
}

/** The rooms that are asked for, page by page; another question begins anew. */
export function useRooms(token: TokenSource, query: RoomsQuery): Rooms {
  const [last, setLast] = useState<Read>()
  const [error, setError] = useState<RequestError>()
  const running = useRef<AbortController>(undefined)

  const ask = useCallback(
    (after: string | undefined) => {
      running.current?.abort()
      const controller = new AbortController()
      running.current = controller
      getRooms(token, query, after, controller.signal).then(
        ({ rooms, next }) => {
          if (controller.signal.aborted) return
          setError(undefined)
          setLast((before) => {
            const earlier = after === undefined || before?.query !== query ? [] : before.rooms
            return { query, rooms: withoutDoubles([...earlier, ...rooms]), next }
          })
        },
        (cause: unknown) => {
          if (controller.signal.aborted) return
          setError(
            cause instanceof RequestError
              ? cause
              : new RequestError('internal', 'The server’s answer cannot be read', { cause }),
          )
        },
      )
    },
    [token, query],
  )
  const reload = useCallback(() => ask(undefined), [ask])
  useEffect(() => {
    reload()
    return () => running.current?.abort()
  }, [reload])
  const answered = last?.query === query
  const next = (answered && last.next) || undefined
  return {
    rooms: answered || error === undefined ? last?.rooms : undefined,
    error,
    reload,
    loadMore: next === undefined ? undefined : () => ask(next),
  }
}

/** A room whose place changed between two pages comes twice. */
const withoutDoubles = (rooms: readonly RoomSummary[]): readonly RoomSummary[] => [
  ...new Map(rooms.map((room) => [room.name, room])).values(),
]

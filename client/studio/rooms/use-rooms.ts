import { useCallback, useEffect, useRef, useState } from 'react'
import { RequestError, type TokenSource } from '../api.ts'
import { getRooms, type RoomSummary, type RoomsQuery } from './api.ts'

export interface Rooms {
  /** Undefined until something was read. */
  readonly rooms: readonly RoomSummary[] | undefined
  readonly error: RequestError | undefined
  /** Reads the next page; undefined where there is none. */
  readonly loadMore: (() => void) | undefined
  readonly reload: () => void
}

/** The rooms that are asked for, page by page; another question begins anew. */
export function useRooms(token: TokenSource, query: RoomsQuery): Rooms {
  const [read, setRead] = useState<{ rooms: readonly RoomSummary[]; next: string | null }>()
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
          setRead((before) => ({
            rooms: after === undefined ? rooms : withoutDoubles([...(before?.rooms ?? []), ...rooms]),
            next,
          }))
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
  const next = read?.next ?? undefined
  return { rooms: read?.rooms, error, reload, loadMore: next === undefined ? undefined : () => ask(next) }
}

/** A room whose place changed between two pages comes twice. */
const withoutDoubles = (rooms: readonly RoomSummary[]): readonly RoomSummary[] => [
  ...new Map(rooms.map((room) => [room.name, room])).values(),
]

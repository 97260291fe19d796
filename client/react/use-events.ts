import { useEffect, useRef, useState } from 'react'
import type { EventOf, EventType } from '../sdk/events/payloads.ts'
import type { EventStart } from '../sdk/events/stream.ts'
import type { Room } from '../sdk/room.ts'

export interface UseEventsOptions {
  /** How many of the newest are kept. Default 100. */
  readonly limit?: number
  /** Default `start`. */
  readonly from?: EventStart
}

/** The newest events of these types, oldest first; of all types where none is named. */
export const useEvents = <Type extends EventType = EventType>(
  room: Room,
  types?: readonly Type[],
  { limit = 100, from = 'start' }: UseEventsOptions = {},
): readonly EventOf<Type>[] => {
  const [events, setEvents] = useState<readonly EventOf<Type>[]>([])
  const wanted = types?.join(' ')

  useEffect(() => {
    setEvents([])
    const isWanted = chosen<Type>(wanted)
    return room.listen(
      {
        events: (batch) => {
          const fresh = batch.filter(isWanted)
          if (fresh.length > 0) setEvents((before) => [...before, ...fresh].slice(-limit))
        },
        reset: () => setEvents([]),
      },
      from,
    )
  }, [room, wanted, limit, from])

  return events
}

/** Calls back with each event of these types that comes while the component is there. */
export const useRealtimeUpdates = <Type extends EventType>(
  room: Room,
  types: readonly Type[],
  listener: (event: EventOf<Type>) => void,
): void => {
  const newest = useRef(listener)
  const wanted = types.join(' ')

  useEffect(() => {
    newest.current = listener
  })
  useEffect(() => {
    const isWanted = chosen<Type>(wanted)
    return room.listen({
      events: (batch) => {
        for (const event of batch.filter(isWanted)) newest.current(event)
      },
    })
  }, [room, wanted])
}

/** Types have no white space in them. A list of them is often written in place, and would be another at each render. */
const chosen = <Type extends EventType>(wanted: string | undefined) => {
  const types: ReadonlySet<string> | undefined = wanted === undefined ? undefined : new Set(wanted.split(' '))
  return (event: EventOf): event is EventOf<Type> => types?.has(event.type) ?? true
}

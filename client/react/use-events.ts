import { useEffect, useMemo, useRef, useState } from 'react'
import { NOTHING_TOLD, type Told } from '../sdk/events/folded.ts'
import type { EventOf, EventType } from '../sdk/events/payloads.ts'
import type { EventStart } from '../sdk/events/stream.ts'
import { guarded } from '../sdk/guarded.ts'
import type { Room } from '../sdk/room.ts'

export interface UseEventsOptions {
  /** How many of the newest are kept. Default 100. */
  readonly limit?: number
  /** Default `start`. */
  readonly from?: EventStart
}

/** The newest events of these types, oldest first; of all types where none is named. And whether those are all yet. */
export const useEvents = <Type extends EventType = EventType>(
  room: Room,
  types?: readonly Type[],
  { limit = 100, from = 'start' }: UseEventsOptions = {},
): readonly EventOf<Type>[] & Told => {
  const wanted = types?.join(' ')
  const [shown, setShown] = useState<Shown<Type>>(NOTHING_SHOWN)

  useEffect(() => {
    const isWanted = chosen<Type>(wanted)
    const change = (how: (before: Shown<Type>) => Shown<Type>): void =>
      setShown((before) => how(before.room === room ? before : { ...NOTHING_SHOWN, room }))
    setShown({ ...NOTHING_SHOWN, room })
    return room.listen(
      {
        events: (batch) => {
          const fresh = batch.filter(isWanted)
          if (fresh.length === 0) return
          change((before) => ({ ...before, events: [...before.events, ...fresh].slice(-limit) }))
        },
        reset: (after) =>
          change(() => ({
            ...NOTHING_SHOWN,
            room,
            told: { ...NOTHING_TOLD, droppedUpTo: after || undefined },
          })),
        caughtUp: () =>
          change((before) => ({ ...before, told: { ...before.told, caughtUp: true, refusal: undefined } })),
        refused: (refusal) => change((before) => ({ ...before, told: { ...before.told, refusal } })),
      },
      from,
    )
  }, [room, wanted, limit, from])

  // What was told of another room is not shown as this one's, not even until the effect has run.
  const { events, told } = shown.room === room ? shown : NOTHING_SHOWN
  return useMemo(() => Object.assign([...events], told), [events, told])
}

interface Shown<Type extends EventType> {
  /** Whose events they are. */
  readonly room: Room | undefined
  readonly events: readonly EventOf<Type>[]
  readonly told: Told
}

const NOTHING_SHOWN = { room: undefined, events: [], told: NOTHING_TOLD }

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
    let stopped = false
    const stop = room.listen({
      events: (batch) => {
        for (const event of batch.filter(isWanted)) if (!stopped) guarded(() => newest.current(event))
      },
    })
    return () => {
      stopped = true
      stop()
    }
  }, [room, wanted])
}

/** Types have no white space in them. A list of them is often written in place, and would be another at each render. */
const chosen = <Type extends EventType>(wanted: string | undefined) => {
  const types: ReadonlySet<string> | undefined = wanted === undefined ? undefined : new Set(wanted.split(' '))
  return (event: EventOf): event is EventOf<Type> => types?.has(event.type) ?? true
}

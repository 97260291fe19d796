import { useEffect, useRef, useState } from 'react'
import type { PersonStatus } from '../../server/protocol.ts'
import type { Room } from '../sdk/room.ts'
import { useClient } from './provider.ts'
import { usePresence } from './use-presence.ts'

/** How often it is asked again who was here, in ms. */
const EVERY = 30_000
/** At most one question in this time, in ms, however many come and go. */
const SPACING = 2_000
/** A page that is being closed leaves the room before its connection is gone: it is not asked for the last time before this, in ms. */
const SETTLED = 1_500

/** Somebody who is in the room, or was lately. */
export interface RoomPerson extends PersonStatus {
  /** Connected to this room, and not only to another. */
  readonly here: boolean
  readonly self: boolean
}

export interface RoomPeople {
  /** Those who are here first, then those who were, as they were last seen; undefined until it is known. */
  readonly people: readonly RoomPerson[] | undefined
  /** Why who was here could not be told the last time. */
  readonly error: Error | undefined
}

/** Everybody who is in the room, or was within 30 days: online, away, or offline and last seen when. */
export const useRoomPeople = (room: Room): RoomPeople => {
  const client = useClient()
  const present = usePresence(room)
  const [told, setTold] = useState<readonly PersonStatus[]>()
  const [error, setError] = useState<Error>()
  const askSoon = useRef((): void => undefined)
  // Who comes or goes is a reason to ask; who moves is not.
  const here = present.map(({ id }) => id).join('\n')

  useEffect(() => {
    let current = true
    let waiting: ReturnType<typeof setTimeout> | undefined
    let changed = 0
    const ask = (): void => {
      client.peopleOf(room.name).then(
        (people) => {
          if (!current) return
          setTold(people)
          setError(undefined)
        },
        (failure: Error) => {
          if (current) setError(failure)
        },
      )
    }
    const due = (): void => {
      waiting = performance.now() - changed < SETTLED ? setTimeout(due, SPACING) : undefined
      ask()
    }
    const soon = (): void => {
      changed = performance.now()
      waiting ??= setTimeout(due, SPACING)
    }
    askSoon.current = soon
    ask()
    const timer = setInterval(soon, EVERY)
    return () => {
      current = false
      clearTimeout(waiting)
      clearInterval(timer)
    }
  }, [client, room])
  // biome-ignore lint/correctness/useExhaustiveDependencies: `here` is why it is asked again
  useEffect(() => askSoon.current(), [here])

  const ids = new Set(present.map(({ id }) => id))
  const now: readonly RoomPerson[] = present.map(({ id, name, status, device = null, self }) => ({
    user: id,
    name,
    status,
    device,
    lastSeen: null,
    here: true,
    self,
  }))
  const others = told
    ?.filter(({ user }) => !ids.has(user))
    .map((one) => ({ ...one, here: false, self: false }))
  return { people: others && [...now, ...others], error }
}

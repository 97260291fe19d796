import { useEffect, useMemo, useRef, useState } from 'react'
import type { PersonStatus } from '../../server/protocol.ts'
import type { Room } from '../sdk/room.ts'
import type { Person } from '../sdk/state.ts'
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

/** What was said of a room the last time. */
interface Told {
  readonly room: Room
  readonly people: readonly PersonStatus[] | undefined
  readonly error: Error | undefined
}

/** Everybody who is in the room, or was within 30 days: online, away, or offline and last seen when. */
export const useRoomPeople = (room: Room): RoomPeople => {
  const client = useClient()
  const present = usePresence(room)
  const [told, setTold] = useState<Told>()
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
          if (current) setTold({ room, people, error: undefined })
        },
        (error: Error) => {
          if (!current) return
          setTold((before) => ({ room, people: before?.room === room ? before.people : undefined, error }))
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

  // What was told of another room is not shown as this one's, not even until the effect has run.
  const { people, error } = told?.room === room ? told : NOTHING_TOLD
  return useMemo(() => ({ people: people && merged(present, people), error }), [present, people, error])
}

const NOTHING_TOLD = { people: undefined, error: undefined }

function merged(present: readonly Person[], told: readonly PersonStatus[]): readonly RoomPerson[] {
  const ids = new Set(present.map(({ id }) => id))
  const now = present.map(({ id, name, status, device = null, self }) => ({
    user: id,
    name,
    status,
    device,
    lastSeen: null,
    here: true,
    self,
  }))
  const others = told.filter(({ user }) => !ids.has(user))
  return [...now, ...others.map((one) => ({ ...one, here: false, self: false }))]
}

import { createContext, useContext, useEffect, useMemo, useState } from 'react'
import { useClient, usePresence } from '../../react/index.ts'
import type { Room, Thread } from '../../sdk/index.ts'
import type { Named } from '../mentions.ts'

/** Who comments here. */
export interface CommentPeople {
  /** The reader's id. */
  readonly self: string
  readonly nameOf: (id: string) => string
  /** Who may be mentioned. */
  readonly known: readonly Named[]
}

const Context = createContext<CommentPeople>({ self: '', nameOf: (id) => id, known: [] })
export const CommentPeopleProvider = Context.Provider
export const useCommentPeople = (): CommentPeople => useContext(Context)

/** As people are called here now, or were when they were here last; else by their ids. */
export function usePeopleOf(room: Room, threads: readonly Thread[]): CommentPeople {
  const client = useClient()
  const here = usePresence(room)
  const [names, setNames] = useState<Readonly<Record<string, string>>>({})
  const everybody = useMemo(
    () =>
      [...new Set(threads.flatMap(({ comments }) => comments.map(({ author }) => author)))].sort().join('\n'),
    [threads],
  )
  // biome-ignore lint/correctness/useExhaustiveDependencies: whoever is new has a name to be asked for
  useEffect(() => {
    let gone = false
    client.peopleOf(room.name).then(
      (people) => {
        if (!gone) setNames(Object.fromEntries(people.map(({ user, name }) => [user, name])))
      },
      () => undefined, // ids are names too
    )
    return () => {
      gone = true
    }
  }, [client, room, everybody])

  return useMemo(() => {
    const present = new Map(here.map(({ id, name }) => [id, name]))
    const nameOf = (id: string) => present.get(id) ?? names[id] ?? id
    const ids = new Set([...present.keys(), ...everybody.split('\n'), ...Object.keys(names)])
    const self = here.find((person) => person.self)?.id ?? ''
    const known = [...ids]
      .filter((id) => id !== '' && id !== self && id !== SYSTEM)
      .map((id) => ({ id, name: nameOf(id) }))
      .sort((a, b) => a.name.localeCompare(b.name))
    return { self, nameOf, known }
  }, [here, names, everybody])
}

/** The actor of what the server does on its own account. */
const SYSTEM = 'system'

import { useCallback, useSyncExternalStore } from 'react'
import { useClient } from '../react/index.ts'
import type { Anchor } from '../sdk/index.ts'
import type { Named } from './mentions.ts'

/** Something that is written and was not sent. */
export interface Draft {
  readonly text: string
  /** Whom its writer chose of those who were offered. */
  readonly chosen: readonly Named[]
  /** What it is about, of a comment that begins a thread. */
  readonly anchor?: Anchor | undefined
}

/** What one writes in a room: a message, a comment that begins a thread, a reply in one, or what a message is changed to. */
type Part = 'message' | 'comment' | `reply ${string}` | `edit ${string}`

/** Whose text it is, in which room, and what of it. */
export type Place = string & { readonly brand: 'place' }

/** The places of whoever is signed in. */
export function usePlaces(room: string): (part: Part) => Place {
  const person = useClient().user?.id
  return useCallback((part) => JSON.stringify([person, room, part]) as Place, [person, room])
}

/** Until the page is left: what one writes in is closed, moved and opened again for many reasons. */
const drafts = new Map<Place, Draft>()
const listeners = new Set<() => void>()

export const draftAt = (place: Place): Draft | undefined => drafts.get(place)

export function keepDraft(place: Place, draft: Draft): void {
  drafts.set(place, draft)
  for (const listener of [...listeners]) listener()
}

/** Once it was sent, or given up by who wrote it. */
export function forgetDraft(place: Place): void {
  if (drafts.delete(place)) for (const listener of [...listeners]) listener()
}

const subscribe = (listener: () => void): (() => void) => {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** What is written at a place, and what writes there. What says the same as before is no draft. */
export function useWriting(place: Place, before: Draft): readonly [Draft, (draft: Draft) => void] {
  const draft = useSyncExternalStore(subscribe, () => drafts.get(place)) ?? before
  const write = (next: Draft) => {
    if (next.text === before.text) forgetDraft(place)
    else keepDraft(place, next)
  }
  return [draft, write]
}

/** Those of these places at which something is written and was not sent. */
export function useDrafted(places: readonly Place[]): ReadonlySet<Place> {
  // A text is the same as long as it says the same.
  const drafted = useSyncExternalStore(subscribe, () =>
    places.filter((place) => drafts.has(place)).join('\n'),
  )
  return new Set(drafted.split('\n') as Place[])
}

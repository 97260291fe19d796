import { createContext, useContext } from 'react'
import type { HistoryApi } from './api.ts'
import type { PastComments } from './comments/use-past-comments.ts'
import type { PlaceControl } from './position.ts'

export interface HistoryContextValue extends PlaceControl {
  readonly room: string
  readonly api: HistoryApi
  /** The newest position; grows while people go on. */
  readonly head: number
  /** The position that is shown now, once it is known. */
  readonly seq: number | undefined
  /** What to call whoever an entry's actor is. */
  readonly nameOf: (actor: string) => string
  /** The colour of an actor; of two who wrote here no two have the same, as long as there are enough. */
  readonly colorOf: (actor: string) => string
  /** What was said about the position that is shown; undefined before somebody asks. */
  readonly comments: PastComments
  /** Reads the timeline and the versions again, after something was changed here. */
  readonly reload: () => void
}

const Context = createContext<HistoryContextValue | undefined>(undefined)

export const HistoryProvider = Context.Provider

/** What every part of the history view needs. */
export function useHistory(): HistoryContextValue {
  const value = useContext(Context)
  if (value === undefined) throw new Error('outside of a history view')
  return value
}

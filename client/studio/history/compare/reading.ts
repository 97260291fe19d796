import { createContext, useContext } from 'react'
import type { Author, RunStatus } from '../api.ts'

/** What of a run the reader may be told, or point at. */
export interface Pointed {
  readonly status: RunStatus
  readonly hunk?: number | undefined
  readonly by?: Author | undefined
  readonly since?: Author | undefined
}

/** How runs are shown: as what changed, or as who wrote what. */
export interface Reading {
  readonly mode: 'diff' | 'blame'
  /** The change that is looked at. */
  readonly current?: number | undefined
  readonly onPoint?: ((pointed: Pointed | undefined, at: { x: number; y: number }) => void) | undefined
  readonly onChoose?: ((pointed: Pointed) => void) | undefined
}

const Context = createContext<Reading>({ mode: 'diff' })

export const ReadingProvider = Context.Provider
export const useReading = (): Reading => useContext(Context)

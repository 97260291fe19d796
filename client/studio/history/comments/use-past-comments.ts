import { useCallback, useMemo, useState } from 'react'
import * as Y from 'yjs'
import {
  type Anchor,
  foldThreads,
  NO_THREADS,
  type Place,
  resolveAnchors,
  THREAD_EVENTS,
  type Thread,
} from '../../../sdk/index.ts'
import type { RequestError } from '../../api.ts'
import type { HistoryApi } from '../api.ts'
import { useLatest } from '../use-latest.ts'

/** What had been said about a document at a position, and where the texts that it was about were then. */
export interface PastComments {
  /** The position that it is of. */
  readonly seq: number | undefined
  /** Undefined while it is not known. */
  readonly threads: readonly Thread[] | undefined
  readonly places: ReadonlyMap<string, Place>
  readonly error: RequestError | undefined
  readonly retry: () => void
  /** The thread that is looked at. */
  readonly active: string | undefined
  readonly setActive: (thread: string | undefined) => void
}

const NOWHERE: ReadonlyMap<string, Place> = new Map()

/** @param seq the position that is wanted; undefined: none */
export function usePastComments(api: HistoryApi, head: number, seq: number | undefined): PastComments {
  const [active, setActive] = useState<string>()
  // biome-ignore lint/correctness/useExhaustiveDependencies: a room that has grown may have more of them
  const events = useMemo(() => once(() => api.events(THREAD_EVENTS)), [api, head])
  const load = useCallback(
    async (key: string) => {
      const at = Number(key)
      const said = (await events()).filter((event) => event.seq <= at)
      const threads = [...foldThreads(NO_THREADS, said).threads.values()]
      const anchors = new Map(
        threads.flatMap(({ id, anchor }) => (anchor === undefined ? [] : [[id, anchor]])),
      )
      return {
        seq: at,
        threads,
        places: anchors.size === 0 ? NOWHERE : placesIn(await api.state(key), anchors),
      }
    },
    [api, events],
  )
  const { value, error, retry } = useLatest(seq === undefined ? undefined : String(seq), load)
  const shown = seq === undefined ? undefined : value
  return useMemo(
    () => ({
      seq: shown?.seq,
      threads: shown?.threads,
      places: shown?.places ?? NOWHERE,
      error,
      retry,
      active,
      setActive,
    }),
    [shown, error, retry, active],
  )
}

/** In the document as it was: so a text that came or went later is where it was then. */
function placesIn(state: Uint8Array, anchors: ReadonlyMap<string, Anchor>): ReadonlyMap<string, Place> {
  const doc = new Y.Doc()
  Y.applyUpdate(doc, state)
  // Nothing else is done meanwhile: all that has to be searched is.
  const { places } = resolveAnchors(doc, anchors, { searched: Number.POSITIVE_INFINITY })
  doc.destroy()
  return places
}

/** Asked for when it is first wanted; what failed is asked for again. */
function once<T>(ask: () => Promise<T>): () => Promise<T> {
  let asked: Promise<T> | undefined
  return () => {
    asked ??= ask().catch((error: unknown) => {
      asked = undefined
      throw error
    })
    return asked
  }
}

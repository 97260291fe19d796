import { useCallback, useEffect, useMemo, useState } from 'react'
import { distinctColor } from '../../sdk/color.ts'
import { colorFor } from '../../sdk/index.ts'
import type { HistoryApi, Writer } from './api.ts'

/** Who ever wrote here; read again when somebody new has. Without an answer people are called by their ids. */
export function useWriters(api: HistoryApi, actors: readonly string[]) {
  const [writers, setWriters] = useState<readonly Writer[]>([])
  const everybody = actors.join('\n')
  // biome-ignore lint/correctness/useExhaustiveDependencies: whoever is new has a name to be asked for
  useEffect(() => {
    const controller = new AbortController()
    // Failing here means nothing that the timeline beside it does not tell.
    api.writers(controller.signal).then(setWriters, () => undefined)
    return () => controller.abort()
  }, [api, everybody])

  const nameOf = useCallback(
    (actor: string) => {
      if (actor === SYSTEM) return 'The server'
      if (actor === SEVERAL) return 'Several people'
      return writers.find(({ id }) => id === actor)?.name ?? actor
    },
    [writers],
  )
  const colors = useMemo(() => colorsOf(writers), [writers])
  const colorOf = useCallback((actor: string) => colors.get(actor) ?? colorFor(actor), [colors])
  return { writers, nameOf, colorOf }
}

/** The actor of what the server does on its own account. */
const SYSTEM = 'system'
/** The actor of what several wrote, where retention has merged it. */
const SEVERAL = ''

function colorsOf(writers: readonly Writer[]): ReadonlyMap<string, string> {
  const given: { readonly id: string; readonly color: string }[] = []
  // In the order of their ids, as people who are here at the same time are told apart.
  for (const id of writers.map((writer) => writer.id).sort()) {
    given.push({ id, color: distinctColor(id, colorFor(id), given) })
  }
  return new Map(given.map(({ id, color }) => [id, color]))
}

import { useMemo, useState } from 'react'
import type { Log } from './lines.ts'
import { isOf, pattern, Selection } from './selection.ts'

export interface LogSearch {
  readonly query: string
  readonly setQuery: (query: string) => void
  readonly sought: RegExp | undefined
  /** The places of the lines in which it is found. */
  readonly found: readonly number[]
  /** The place that the search is at; undefined before the first. */
  readonly current: number | undefined
  /** Goes to the next one or the one before, and around at the ends; returns its place. */
  readonly step: (by: 1 | -1, from: number) => number | undefined
}

/** Looks for words in the lines of one step, or of all, also in those that are still to come. */
export function useSearch(log: Log, step: string | undefined): LogSearch {
  const [query, setQuery] = useState('')
  const [current, setCurrent] = useState<number>()
  const sought = useMemo(() => (query === '' ? undefined : pattern(query)), [query])
  const selection = useMemo(
    () =>
      new Selection((line) => sought !== undefined && isOf(line, step) && line.text.search(sought) !== -1),
    [sought, step],
  )
  const found = sought === undefined ? NONE : selection.of(log)
  return {
    query,
    setQuery: (next) => {
      setQuery(next)
      setCurrent(undefined)
    },
    sought,
    found,
    current: current !== undefined && found.includes(current) ? current : undefined,
    step: (by, from) => {
      const ahead =
        by === 1
          ? (found.find((place) => (current === undefined ? place >= from : place > current)) ?? found[0])
          : (found.findLast((place) => place < (current ?? from)) ?? found.at(-1))
      setCurrent(ahead)
      return ahead
    },
  }
}

const NONE: readonly number[] = []

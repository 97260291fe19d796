import { useCallback, useEffect, useRef, useState } from 'react'
import type { RequestError } from '../api.ts'
import { toRequestError } from '../history/use-timeline.ts'
import type { Page } from './api.ts'

export interface Pages<Item> {
  /** Undefined until something was read. */
  readonly items: readonly Item[] | undefined
  readonly error: RequestError | undefined
  /** Reads the next page, unless one is being read; undefined where there is none. */
  readonly loadMore: (() => void) | undefined
  readonly reload: () => void
}

/** Reads a page: the first, or the one that goes on there. Another function is another question, and begins anew. */
export type ReadPage<Item> = (after: string | undefined, signal: AbortSignal) => Promise<Page<Item>>

/**
 * A list that is read page by page. While the page is looked at, what is new is put in again and again.
 * @param keyOf what of an item stays the same: one that moved between two pages comes twice
 */
export function usePages<Item>(
  read: ReadPage<Item>,
  keyOf: (item: Item) => string | number,
  everyMs: number,
): Pages<Item> {
  const [shown, setShown] = useState<{ readonly read: ReadPage<Item>; readonly page: Page<Item> }>()
  const [error, setError] = useState<RequestError>()
  const running = useRef<AbortController>(undefined)
  const further = useRef(false)

  const ask = useCallback(
    (after: string | undefined) => {
      running.current?.abort()
      const controller = new AbortController()
      running.current = controller
      const ended = () => {
        if (running.current === controller) running.current = undefined
      }
      read(after, controller.signal).then(
        (page) => {
          if (controller.signal.aborted) return
          ended()
          setError(undefined)
          if (after !== undefined) further.current = true
          setShown((before) => {
            const earlier = after === undefined || before?.read !== read ? [] : before.page.items
            const items = new Map([...earlier, ...page.items].map((item) => [keyOf(item), item]))
            return { read, page: { items: [...items.values()], next: page.next } }
          })
        },
        (cause: unknown) => {
          if (controller.signal.aborted) return
          ended()
          setError(toRequestError(cause))
        },
      )
    },
    [read, keyOf],
  )
  const reload = useCallback(() => {
    further.current = false
    ask(undefined)
  }, [ask])

  useEffect(() => {
    reload()
    return () => {
      running.current?.abort()
      running.current = undefined
    }
  }, [reload])
  useEffect(() => {
    const timer = setInterval(() => {
      // Who has gone further down is not to lose their place.
      const idle = running.current === undefined && !further.current
      if (idle && document.visibilityState === 'visible') reload()
    }, everyMs)
    return () => clearInterval(timer)
  }, [reload, everyMs])

  const page = shown?.read === read ? shown.page : undefined
  const next = page?.next
  const more = useCallback(() => {
    if (next !== undefined && running.current === undefined) ask(next)
  }, [ask, next])
  return { items: page?.items, error, reload, loadMore: next === undefined ? undefined : more }
}

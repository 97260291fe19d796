import { type RefObject, useCallback, useLayoutEffect, useState } from 'react'

/** Rows drawn beyond what is seen, so that scrolling shows no gaps. */
const MARGIN = 24
/** Rows scrolled before anything is drawn anew. */
const STEP = 8

interface Rows {
  readonly first: number
  /** Behind the last one that is drawn. */
  readonly end: number
  /** Brings a row into the middle, unless it is seen already. */
  readonly reveal: (row: number) => void
}

/** Which rows are to be drawn where all have one height, in pixels. */
export function useRows(host: RefObject<HTMLElement | null>, height: number, count: number): Rows {
  const [seen, setSeen] = useState({ first: 0, end: 0 })

  useLayoutEffect(() => {
    const element = host.current
    if (element === null) return
    const look = () => {
      const first = Math.floor(element.scrollTop / height / STEP) * STEP
      const end = first + Math.ceil(element.clientHeight / height) + STEP
      setSeen((before) => (before.first === first && before.end === end ? before : { first, end }))
    }
    const resized = new ResizeObserver(look)
    resized.observe(element)
    element.addEventListener('scroll', look, { passive: true })
    look()
    return () => {
      resized.disconnect()
      element.removeEventListener('scroll', look)
    }
  }, [host, height])

  const reveal = useCallback(
    (row: number) => {
      const element = host.current
      if (element === null) return
      const { scrollTop, clientHeight } = element
      const top = row * height
      if (top >= scrollTop && top + height <= scrollTop + clientHeight) return
      element.scrollTop = Math.max(0, top - (clientHeight - height) / 2)
    },
    [host, height],
  )

  return {
    first: Math.max(0, Math.min(seen.first, count) - MARGIN),
    end: Math.min(count, seen.end + MARGIN),
    reveal,
  }
}

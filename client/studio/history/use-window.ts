import { type RefObject, useCallback, useLayoutEffect, useState } from 'react'

/** Rows drawn beyond what is seen, in pixels, so that scrolling shows no gaps. */
const MARGIN = 400

export interface ListWindow {
  readonly first: number
  /** Behind the last row. */
  readonly end: number
  /** Brings a row into view, no further than needed. */
  readonly reveal: (row: number) => void
}

/** Which rows of a long list are to be drawn. */
export function useWindow(host: RefObject<HTMLElement | null>, offsets: readonly number[]): ListWindow {
  const [seen, setSeen] = useState({ top: 0, bottom: 0 })

  useLayoutEffect(() => {
    const element = host.current
    if (element === null) return
    const look = () => {
      const top = Math.floor(element.scrollTop / 100) * 100
      const bottom = top + element.clientHeight + 100
      setSeen((before) => (before.top === top && before.bottom === bottom ? before : { top, bottom }))
    }
    const resized = new ResizeObserver(look)
    resized.observe(element)
    element.addEventListener('scroll', look, { passive: true })
    look()
    return () => {
      resized.disconnect()
      element.removeEventListener('scroll', look)
    }
  }, [host])

  const reveal = useCallback(
    (row: number) => {
      const element = host.current
      const [top, bottom] = [offsets[row], offsets[row + 1]]
      if (element === null || top === undefined || bottom === undefined) return
      if (top < element.scrollTop) element.scrollTop = top
      else if (bottom > element.scrollTop + element.clientHeight)
        element.scrollTop = bottom - element.clientHeight
    },
    [host, offsets],
  )

  const rows = offsets.length - 1
  return {
    first: Math.max(0, rowAt(offsets, seen.top - MARGIN)),
    end: Math.min(rows, rowAt(offsets, seen.bottom + MARGIN) + 1),
    reveal,
  }
}

/** The row at this height, by halving. */
function rowAt(offsets: readonly number[], y: number): number {
  let [low, high] = [0, Math.max(0, offsets.length - 2)]
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if ((offsets[middle] ?? 0) <= y) low = middle
    else high = middle - 1
  }
  return low
}

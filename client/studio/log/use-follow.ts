import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react'

interface Follow {
  readonly following: boolean
  /** Rows that came since the reader went up. */
  readonly missed: number
  /** Goes to the end, and stays there. */
  readonly follow: () => void
}

/** Within so many pixels of the end one is at the end. */
const NEAR = 8

/** Stays at the end while rows are added, until the reader goes up; back at the end it stays there again. */
export function useFollow(
  host: RefObject<HTMLElement | null>,
  count: number,
  /** Changes with each row that is added, also where as many are taken away at the other end. */
  newest: number | undefined,
  first: boolean,
  /** Which rows were chosen: those of another choice are not new. */
  choice?: string,
): Follow {
  const [following, setFollowing] = useState(first)
  const [left, setLeft] = useState(0)
  const [chosen, setChosen] = useState(choice)
  if (choice !== chosen) {
    setChosen(choice)
    setLeft(count)
  }
  const latest = useRef({ following, count })
  // biome-ignore lint/correctness/useExhaustiveDependencies: whatever is newest is to be seen
  useLayoutEffect(() => {
    latest.current = { following, count }
    if (following) toEnd(host.current)
  }, [host, following, count, newest])

  useEffect(() => {
    const element = host.current
    if (element === null) return
    let top = element.scrollTop
    const look = () => {
      const up = element.scrollTop < top
      top = element.scrollTop
      if (element.scrollHeight - element.clientHeight - top <= NEAR) setFollowing(true)
      else if (up && latest.current.following) {
        // At once: rows that come before this is drawn must not take the reader back.
        latest.current = { ...latest.current, following: false }
        setLeft(latest.current.count)
        setFollowing(false)
      }
    }
    const resized = new ResizeObserver(() => {
      if (latest.current.following) toEnd(element)
    })
    resized.observe(element)
    element.addEventListener('scroll', look, { passive: true })
    return () => {
      resized.disconnect()
      element.removeEventListener('scroll', look)
    }
  }, [host])

  const follow = useCallback(() => setFollowing(true), [])
  return { following, missed: following ? 0 : Math.max(0, count - left), follow }
}

function toEnd(element: HTMLElement | null): void {
  if (element !== null) element.scrollTop = element.scrollHeight
}

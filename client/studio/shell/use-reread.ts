import { useCallback, useEffect, useRef } from 'react'

/**
 * Reads something at once, and again and again while the page is looked at, as the server pushes no lists. One reading at a
 * time: the next waits for one that takes long, or none would ever come to its end.
 * @param read sets what it found, or why it could not; another function is another question
 * @returns reads anew: now, or as soon as the reading has ended that is under way
 */
export function useReread(read: (signal: AbortSignal) => Promise<void>, everyMs: number): () => void {
  const asked = useRef((): void => undefined)
  useEffect(() => {
    const controller = new AbortController()
    let running = false
    let again = false
    const reread = async () => {
      running = true
      try {
        do {
          again = false
          await read(controller.signal)
        } while (again && !controller.signal.aborted)
      } finally {
        running = false
      }
    }
    const ask = () => {
      if (running) again = true
      else void reread()
    }
    const isVisible = () => document.visibilityState === 'visible'
    const whenVisible = () => {
      if (isVisible()) ask()
    }
    asked.current = ask
    ask()
    const timer = setInterval(() => {
      if (!running && isVisible()) ask()
    }, everyMs)
    document.addEventListener('visibilitychange', whenVisible)
    window.addEventListener('online', whenVisible)
    return () => {
      clearInterval(timer)
      document.removeEventListener('visibilitychange', whenVisible)
      window.removeEventListener('online', whenVisible)
      controller.abort()
    }
  }, [read, everyMs])
  return useCallback(() => asked.current(), [])
}

import { useCallback, useState } from 'react'
import { type Failure, failureOf } from './failure.ts'

export interface Attempt {
  readonly running: boolean
  /** Why it was not seen to be done, the last time. */
  readonly failure: Failure | undefined
  readonly run: (work: () => Promise<unknown>, done: () => void) => Promise<void>
  readonly forget: () => void
}

/**
 * Something that is done when somebody asks for it.
 * @param onUnsure called where it failed, and may have been done all the same: reads again what is shown
 */
export function useAttempt(onUnsure: () => void): Attempt {
  const [running, setRunning] = useState(false)
  const [failure, setFailure] = useState<Failure>()
  const run = async (work: () => Promise<unknown>, done: () => void) => {
    setRunning(true)
    setFailure(undefined)
    try {
      await work()
      done()
    } catch (cause) {
      const failed = failureOf(cause)
      setFailure(failed)
      if (failed.unsure) onUnsure()
    } finally {
      setRunning(false)
    }
  }
  const forget = useCallback(() => setFailure(undefined), [])
  return { running, failure, run, forget }
}

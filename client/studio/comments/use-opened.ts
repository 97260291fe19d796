import { useState } from 'react'
import { type Place, useDrafted } from '../drafts.ts'

interface Opened {
  readonly isOpen: boolean
  /** It takes the focus: it was asked for, and is not only found again. */
  readonly asked: boolean
  readonly ask: () => void
  readonly end: () => void
}

/**
 * Whether a composer is open: as long as something is written in it, wherever one looks meanwhile, and where one looks
 * there until it is ended.
 */
export function useOpened(place: Place, isLookedAt: boolean): Opened {
  const isDrafted = useDrafted([place]).has(place)
  const [opened, setOpened] = useState<'asked' | 'found'>()
  if (isLookedAt && isDrafted && opened === undefined) setOpened('found')
  if (!isLookedAt && opened !== undefined) setOpened(undefined)
  return {
    isOpen: isDrafted || opened !== undefined,
    asked: opened === 'asked',
    ask: () => setOpened('asked'),
    end: () => setOpened(undefined),
  }
}

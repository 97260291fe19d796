import { Portal } from '@mantine/core'
import { type ReactNode, useCallback, useState } from 'react'
import { exactly } from '../../times.ts'
import type { Author } from '../api.ts'
import { useHistory } from '../context.ts'
import { STATUS_WORDS } from './changes.ts'
import type { Pointed, Reading } from './reading.ts'

const BELOW = 18

/** Who and when, beside the pointer, of the run that it is over. */
export function useHint(mode: Reading['mode']): {
  readonly hint: ReactNode
  readonly onPoint: NonNullable<Reading['onPoint']>
} {
  const [shown, setShown] = useState<{ pointed: Pointed; x: number; y: number }>()
  const onPoint = useCallback<NonNullable<Reading['onPoint']>>((pointed, { x, y }) => {
    setShown(pointed?.by === undefined ? undefined : { pointed, x, y })
  }, [])
  const hint =
    shown === undefined ? null : (
      <Portal>
        <div
          className="run-hint"
          role="tooltip"
          style={{ left: Math.min(shown.x, innerWidth - 260), top: shown.y + BELOW }}
        >
          <WhoWhen mode={mode} pointed={shown.pointed} />
        </div>
      </Portal>
    )
  return { hint, onPoint }
}

interface WhoWhenProps {
  readonly mode: Reading['mode']
  readonly pointed: Pointed
}

/** “Added by Ada, 21 Nov 2026, 08:00” */
export function WhoWhen({ mode, pointed: { status, by, since } }: WhoWhenProps) {
  const { nameOf } = useHistory()
  if (by === undefined) return <span>Nobody knows who wrote this</span>
  return (
    <span>
      {mode === 'blame' ? 'Written' : STATUS_WORDS[status]} by <b>{nameOf(by.actor)}</b>,{' '}
      {since === undefined ? when(by) : `${when(since)} to ${when(by)}`}
    </span>
  )
}

export const when = ({ at }: Author): string => exactly(new Date(at).toISOString())

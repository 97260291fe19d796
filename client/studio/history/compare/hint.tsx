import { Portal } from '@mantine/core'
import { type CSSProperties, type ReactNode, useCallback, useState } from 'react'
import { exactly } from '../../times.ts'
import type { Author } from '../api.ts'
import { useHistory } from '../context.ts'
import { STATUS_WORDS } from './changes.ts'
import type { Pointed, Reading } from './reading.ts'

const AWAY = 18
const MARGIN = 8
/** As the style sheet has it. */
const WIDEST = 250

/** Below the pointer, or above it where there is no room below. */
function besides(x: number, y: number): CSSProperties {
  const left = Math.max(MARGIN, Math.min(x, innerWidth - WIDEST - MARGIN))
  return y < innerHeight - 90 ? { left, top: y + AWAY } : { left, bottom: innerHeight - y + AWAY }
}

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
        <div className="run-hint" role="tooltip" style={besides(shown.x, shown.y)}>
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
  const [first, last] = [when(since ?? by), when(by)]
  return (
    <span>
      {mode === 'blame' ? 'Written' : STATUS_WORDS[status]} by <b>{nameOf(by.actor)}</b>,{' '}
      {first === last ? last : `${first} to ${last}`}
    </span>
  )
}

export const when = ({ at }: Author): string => exactly(new Date(at).toISOString())

import { Button, Skeleton } from '@mantine/core'
import { IconAlertTriangle, IconCircleCheck, IconPlugConnectedX } from '@tabler/icons-react'
import type { ReactNode } from 'react'
import { linkTo, operationsPath } from '../../router.ts'
import type { Health } from './use-health.ts'

interface HealthLineProps {
  /** Undefined while it is being asked. */
  readonly health: Health | undefined
  /** Errors of the server of the last minutes. */
  readonly errors: number
  readonly onRetry: () => void
}

/** Healthy, or what is wrong and what is safe all the same: in words. */
export function HealthLine({ health, errors, onRetry }: HealthLineProps) {
  if (health === undefined)
    return (
      <div role="status" aria-label="Asking the server how it does">
        <Skeleton height={56} />
      </div>
    )
  if (!health.reached)
    return (
      <Said
        state="down"
        title="The server cannot be reached"
        action={
          <Button size="xs" variant="default" onClick={onRetry}>
            Try again
          </Button>
        }
      >
        What people write is kept on their devices, and sent once it is back.
      </Said>
    )
  if (!health.ready)
    return (
      <Said state="troubled" title={health.problems.map(({ message }) => message).join('. ')}>
        Nothing is called saved that is not committed: what is on the way is kept on people’s devices.
      </Said>
    )
  const wrong = problemsOf(health, errors)
  if (wrong.length === 0)
    return (
      <Said state="well" title="Healthy">
        Edits are taken and committed, and no room is quarantined.
      </Said>
    )
  return (
    <Said
      state="troubled"
      title={`It works, but ${wrong.join(', and ')}`}
      action={
        (health.quarantined ?? 0) > 0 ? (
          <Button component="a" size="xs" variant="default" {...linkTo(operationsPath('quarantine'))}>
            See the quarantine
          </Button>
        ) : undefined
      }
    >
      {(health.damaged ?? 0) > 0
        ? 'Edits are taken and committed. Of a damaged room an entry is missing: syncline verify names it.'
        : 'Edits are taken and committed; nothing that was called saved is lost.'}
    </Said>
  )
}

const rooms = (count: number): string =>
  count === 1 ? 'one room is' : `${count === 100 ? '100 rooms or more' : `${count} rooms`} are`

function problemsOf(
  { quarantined = 0, damaged = 0 }: Extract<Health, { reached: true }>,
  errors: number,
): readonly string[] {
  return [
    ...(quarantined > 0 ? [`${rooms(quarantined)} quarantined`] : []),
    ...(damaged > 0 ? [`${rooms(damaged)} damaged`] : []),
    ...(errors > 0 ? [`there ${errors === 1 ? 'was an error' : `were ${errors} errors`} lately`] : []),
  ]
}

interface SaidProps {
  readonly state: 'well' | 'troubled' | 'down'
  readonly title: string
  readonly action?: ReactNode
  readonly children: ReactNode
}

const ICONS = { well: IconCircleCheck, troubled: IconAlertTriangle, down: IconPlugConnectedX } as const

function Said({ state, title, action, children }: SaidProps) {
  const Icon = ICONS[state]
  return (
    <div className="health" data-state={state} role="status">
      <Icon size={22} className="health-icon" aria-hidden="true" />
      <span className="health-words">
        <b>{title}.</b> {children}
      </span>
      {action}
    </div>
  )
}

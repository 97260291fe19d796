import { Button, Skeleton } from '@mantine/core'
import { IconAlertTriangle, IconCircleCheck, IconPlugConnectedX } from '@tabler/icons-react'
import type { ReactNode } from 'react'
import type { ErrorCode } from '../../../../server/errors.ts'
import { count as figure } from '../../rooms/figures.ts'
import { linkTo, operationsPath } from '../../router.ts'
import type { Health } from './use-health.ts'

interface HealthLineProps {
  /** Undefined while it is being asked. */
  readonly health: Health | undefined
  readonly onRetry: () => void
}

/** Healthy, or what is wrong and what is safe all the same: in words. */
export function HealthLine({ health, onRetry }: HealthLineProps) {
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
      <Said
        state="troubled"
        title={[...health.problems, ...health.degraded].map(({ message }) => message).join('. ')}
      >
        Nothing is called saved that is not committed: what is on the way is kept on people’s devices.
      </Said>
    )
  const wrong = [...troublesOf(health), ...unreadOf(health)]
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
        health.rooms !== undefined && health.rooms.quarantined > 0 ? (
          <Button component="a" size="xs" variant="default" {...linkTo(operationsPath('quarantine'))}>
            See the quarantine
          </Button>
        ) : undefined
      }
    >
      {comfortOf(health)}
    </Said>
  )
}

type Reached = Extract<Health, { reached: true }>

/** What is said of a server that is ready all the same: what is wrong, and what is safe. */
const DEGRADED: Readonly<Record<string, readonly [wrong: string, safe: string]>> = {
  'storage-rejects': [
    'the database takes no edits of some rooms',
    'These edits are kept, tried again, and not called saved; those of other rooms are committed.',
  ],
  'nodes-apart': ['Redis is away', 'What is written at other nodes arrives a second later.'],
} satisfies Partial<Record<ErrorCode, readonly [string, string]>>

const rooms = (count: number): string => (count === 1 ? 'one room is' : `${figure(count)} rooms are`)

function troublesOf({ degraded, rooms: { quarantined, damaged } = NONE, errors = 0 }: Reached) {
  const lately = errors === 1 ? 'was an error' : `were ${figure(errors)} errors`
  return [
    ...degraded.map(({ code, message }) => DEGRADED[code]?.[0] ?? `it says “${message}”`),
    ...(quarantined > 0 ? [`${rooms(quarantined)} quarantined`] : []),
    ...(damaged > 0 ? [`${rooms(damaged)} damaged`] : []),
    ...(errors > 0 ? [`there ${lately} in the last ten minutes`] : []),
  ]
}

const NONE = { quarantined: 0, damaged: 0 }

/** What could not be looked at is not called good. */
function unreadOf({ rooms, errors }: Reached): readonly string[] {
  if (rooms === undefined && errors === undefined)
    return ['whether rooms are quarantined and whether there were errors could not be looked at']
  if (rooms === undefined) return ['whether rooms are quarantined could not be looked at']
  return errors === undefined ? ['whether there were errors could not be looked at'] : []
}

function comfortOf({ degraded, rooms: { quarantined, damaged } = NONE, errors = 0 }: Reached): string {
  const said = [
    ...degraded.flatMap(({ code }) => DEGRADED[code]?.[1] ?? []),
    ...(quarantined > 0 ? ['The log of a quarantined room stays as it is.'] : []),
    ...(damaged > 0 ? ['Of a damaged room an entry is missing: syncline verify names it.'] : []),
    ...(errors > 0 ? ['Each stands in the server’s log.'] : []),
  ]
  const taken = degraded.some(({ code }) => code === 'storage-rejects')
    ? []
    : ['Edits are taken and committed.']
  return [...taken, ...said].join(' ')
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

import { Badge, VisuallyHidden } from '@mantine/core'
import {
  IconBan,
  IconCircleCheck,
  IconCircleDashed,
  IconCircleX,
  IconClockHour4,
  IconLoader2,
  IconPlayerSkipForward,
} from '@tabler/icons-react'
import type { ComponentType } from 'react'
import type { BuildStatus, StepState } from '../../sdk/index.ts'

interface Sign {
  readonly word: string
  readonly Icon: ComponentType<{
    readonly size?: number
    readonly stroke?: number
    readonly 'aria-hidden'?: 'true'
  }>
}

const STATUSES: Readonly<Record<BuildStatus, Sign>> = {
  unknown: { word: 'Not begun', Icon: IconCircleDashed },
  created: { word: 'Created', Icon: IconCircleDashed },
  queued: { word: 'Queued', Icon: IconClockHour4 },
  running: { word: 'Running', Icon: IconLoader2 },
  completed: { word: 'Succeeded', Icon: IconCircleCheck },
  failed: { word: 'Failed', Icon: IconCircleX },
  cancelled: { word: 'Cancelled', Icon: IconBan },
}

const STEPS: Readonly<Record<StepState, Sign>> = {
  waiting: { word: 'Waiting', Icon: IconCircleDashed },
  running: STATUSES.running,
  done: { word: 'Done', Icon: IconCircleCheck },
  failed: STATUSES.failed,
  stopped: { word: 'Stopped', Icon: IconBan },
  skipped: { word: 'Skipped', Icon: IconPlayerSkipForward },
}

/** In a sign and a word. */
export function StatusBadge({ status }: { readonly status: BuildStatus }) {
  const { word, Icon } = STATUSES[status]
  return (
    <Badge
      variant="default"
      tt="none"
      fw={500}
      size="lg"
      className="build-badge"
      leftSection={
        <span className="sign" data-state={status}>
          <Icon size={16} aria-hidden="true" />
        </span>
      }
    >
      {word}
    </Badge>
  )
}

/** A sign whose word only those hear who do not see it. */
export function StepSign({ state }: { readonly state: StepState }) {
  const { word, Icon } = STEPS[state]
  return (
    <span className="sign" data-state={state} title={word}>
      <Icon size={20} stroke={1.7} aria-hidden="true" />
      <VisuallyHidden>{word}: </VisuallyHidden>
    </span>
  )
}

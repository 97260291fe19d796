import { Badge } from '@mantine/core'
import {
  IconAlertTriangle,
  IconCircleCheck,
  IconCircleX,
  IconClock,
  IconPlayerPause,
} from '@tabler/icons-react'
import type { ReactNode } from 'react'
import { ago } from '../../times.ts'
import { type Delivery, STATUS_WORDS, type Webhook } from './webhook.ts'

interface SignProps {
  readonly icon: ReactNode
  readonly children: ReactNode
}

const Sign = ({ icon, children }: SignProps) => (
  <Badge variant="default" tt="none" fw={500} size="lg" leftSection={icon}>
    {children}
  </Badge>
)

const color = (name: string) => `var(--mantine-color-${name}-7)`

export function WebhookState({ webhook }: { readonly webhook: Webhook }) {
  const { active, switchedOff, failingSince } = webhook
  if (switchedOff !== null)
    return (
      <Sign icon={<IconCircleX size={14} color={color('red')} aria-hidden="true" />}>
        {switchedOff === 'gone' ? 'Off: its receiver says it is gone' : 'Off: it failed for days'}
      </Sign>
    )
  if (!active) return <Sign icon={<IconPlayerPause size={14} aria-hidden="true" />}>Paused</Sign>
  if (failingSince !== null)
    return (
      <Sign icon={<IconAlertTriangle size={14} color={color('orange')} aria-hidden="true" />}>
        Failing, since {ago(failingSince)}
      </Sign>
    )
  return <Sign icon={<IconCircleCheck size={14} color={color('green')} aria-hidden="true" />}>On</Sign>
}

const ICONS = {
  waiting: <IconClock size={14} aria-hidden="true" />,
  delivered: <IconCircleCheck size={14} color={color('green')} aria-hidden="true" />,
  failed: <IconCircleX size={14} color={color('red')} aria-hidden="true" />,
} as const

export const DeliveryState = ({ status }: Pick<Delivery, 'status'>) => (
  <Sign icon={ICONS[status]}>{STATUS_WORDS[status]}</Sign>
)

import {
  IconAlertTriangle,
  IconCircleCheck,
  IconCircleX,
  IconClock,
  IconPlayerPause,
} from '@tabler/icons-react'
import { ago } from '../../times.ts'
import { Sign, signColor } from '../sign.tsx'
import { type Delivery, STATUS_WORDS, type Webhook } from './webhook.ts'

export function WebhookState({ webhook }: { readonly webhook: Webhook }) {
  const { active, switchedOff, failingSince } = webhook
  if (switchedOff !== null)
    return (
      <Sign icon={<IconCircleX size={14} color={signColor('red')} aria-hidden="true" />}>
        {switchedOff === 'gone' ? 'Off: its receiver says it is gone' : 'Off: it failed for days'}
      </Sign>
    )
  if (!active) return <Sign icon={<IconPlayerPause size={14} aria-hidden="true" />}>Paused</Sign>
  if (failingSince !== null)
    return (
      <Sign icon={<IconAlertTriangle size={14} color={signColor('orange')} aria-hidden="true" />}>
        Failing, since {ago(failingSince)}
      </Sign>
    )
  return <Sign icon={<IconCircleCheck size={14} color={signColor('green')} aria-hidden="true" />}>On</Sign>
}

const ICONS = {
  waiting: <IconClock size={14} aria-hidden="true" />,
  delivered: <IconCircleCheck size={14} color={signColor('green')} aria-hidden="true" />,
  failed: <IconCircleX size={14} color={signColor('red')} aria-hidden="true" />,
} as const

export const DeliveryState = ({ status }: Pick<Delivery, 'status'>) => (
  <Sign icon={ICONS[status]}>{STATUS_WORDS[status]}</Sign>
)

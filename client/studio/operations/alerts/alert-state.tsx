import { IconAlertTriangle, IconBellRinging, IconCircleCheck } from '@tabler/icons-react'
import type { Alert } from '../../../sdk/index.ts'
import { ago, exactly } from '../../times.ts'
import { Sign, signColor } from '../sign.tsx'
import { LEVEL_WORDS } from './alert.ts'

const COLORS = { info: 'blue', warning: 'orange', critical: 'red' } as const

/** Raised, or not; whether that can be known is said beside it. */
export function AlertState({ alert: { raised, raisedAt, failure, rule } }: { readonly alert: Alert }) {
  const { level = 'warning' } = rule
  if (raised)
    return (
      <Sign icon={<IconBellRinging size={14} color={signColor(COLORS[level])} aria-hidden="true" />}>
        Raised: {LEVEL_WORDS[level].toLowerCase()}
        {raisedAt === null ? null : (
          <time dateTime={raisedAt} title={exactly(raisedAt)}>
            {`, ${ago(raisedAt)}`}
          </time>
        )}
      </Sign>
    )
  if (failure !== null)
    return (
      <Sign icon={<IconAlertTriangle size={14} color={signColor('orange')} aria-hidden="true" />}>
        Not known
      </Sign>
    )
  return (
    <Sign icon={<IconCircleCheck size={14} color={signColor('green')} aria-hidden="true" />}>Not raised</Sign>
  )
}

import { Chip, Group, NativeSelect, TextInput } from '@mantine/core'
import type { TimelineFilter, Writer } from './api.ts'
import { useHistory } from './context.ts'

/** What the bar over the timeline says; dates are days of this device's calendar. */
export interface FilterChoice {
  readonly person: string
  readonly period: Period
  readonly from: string
  readonly to: string
  readonly named: boolean
}

const PERIODS = {
  ever: 'Any time',
  today: 'Today',
  week: 'Last 7 days',
  month: 'Last 30 days',
  dates: 'From … to …',
} as const
type Period = keyof typeof PERIODS

export const EVERYTHING: FilterChoice = { person: '', period: 'ever', from: '', to: '', named: false }

const DAYS = { today: 1, week: 7, month: 30 } as const

export function toFilter({ person, period, from, to, named }: FilterChoice, now: number): TimelineFilter {
  const filter = { ...(person !== '' && { person }), ...(named && { named }) }
  if (period === 'ever') return filter
  if (period === 'dates') {
    return {
      ...filter,
      ...(from !== '' && { from: new Date(`${from}T00:00`).toISOString() }),
      ...(to !== '' && { to: dayAfter(to) }),
    }
  }
  const start = new Date(now)
  start.setHours(0, 0, 0, 0)
  start.setDate(start.getDate() - DAYS[period] + 1)
  return { ...filter, from: start.toISOString() }
}

function dayAfter(day: string): string {
  const date = new Date(`${day}T00:00`)
  date.setDate(date.getDate() + 1)
  return date.toISOString()
}

interface TimelineFilterBarProps {
  readonly choice: FilterChoice
  readonly writers: readonly Writer[]
  readonly onChange: (choice: FilterChoice) => void
}

export function TimelineFilterBar({ choice, writers, onChange }: TimelineFilterBarProps) {
  const { nameOf } = useHistory()
  const change = (part: Partial<FilterChoice>) => onChange({ ...choice, ...part })
  return (
    <Group gap="xs" className="timeline-filter">
      <NativeSelect
        size="sm"
        className="timeline-select"
        aria-label="Person"
        value={choice.person}
        onChange={(event) => change({ person: event.currentTarget.value })}
        data={[
          { value: '', label: 'Everybody' },
          ...writers.map(({ id }) => ({ value: id, label: nameOf(id) })),
        ]}
      />
      <NativeSelect
        size="sm"
        className="timeline-select"
        aria-label="Time"
        value={choice.period}
        onChange={({ currentTarget: { value } }) =>
          change({ period: Object.hasOwn(PERIODS, value) ? (value as Period) : 'ever' })
        }
        data={Object.entries(PERIODS).map(([value, label]) => ({ value, label }))}
      />
      {choice.period === 'dates' ? (
        <>
          <TextInput
            size="sm"
            type="date"
            className="timeline-select"
            aria-label="From"
            value={choice.from}
            onChange={(event) => change({ from: event.currentTarget.value })}
          />
          <TextInput
            size="sm"
            type="date"
            className="timeline-select"
            aria-label="To"
            value={choice.to}
            onChange={(event) => change({ to: event.currentTarget.value })}
          />
        </>
      ) : null}
      <Chip size="sm" checked={choice.named} onChange={(named) => change({ named })}>
        Named versions only
      </Chip>
    </Group>
  )
}

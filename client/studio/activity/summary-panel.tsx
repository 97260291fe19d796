import { SegmentedControl, Skeleton, Stack, Text, Title, UnstyledButton } from '@mantine/core'
import { useState } from 'react'
import { useActivitySummary } from '../../react/index.ts'
import { type ActivityFilter, colorFor, type Summary } from '../../sdk/index.ts'
import { KnownAvatar } from '../shell/person-avatar.tsx'
import { ago } from '../times.ts'
import { roomWords } from './words.ts'

const SHOWN = 10

interface SummaryPanelProps {
  readonly project: string
  readonly filter: ActivityFilter
  /** Of which time it is, in words. */
  readonly period: string
  /** Changes when there is something new. */
  readonly version: unknown
  readonly person: string
  readonly room: string
  readonly onPerson: (person: string) => void
  readonly onRoom: (room: string) => void
}

/** Who did how much, and in what. Of what is chosen, but for the words: these are looked for and not counted. */
export function SummaryPanel({
  project,
  filter,
  period,
  version,
  person,
  room,
  onPerson,
  onRoom,
}: SummaryPanelProps) {
  const [by, setBy] = useState<'person' | 'room'>('person')
  const { q: _, ...counted } = filter
  const { summary, failed } = useActivitySummary(project, { ...counted, by, limit: SHOWN }, version)
  const chosen = by === 'person' ? person : room
  const most = summary?.[0]?.activities ?? 1
  return (
    <Stack component="section" gap="sm" className="activity-summary" aria-labelledby="activity-summary">
      <Title order={2} size="h5" id="activity-summary">
        Summary
        <Text component="span" size="sm" c="dimmed" ml="xs">
          {period}
        </Text>
      </Title>
      <SegmentedControl
        aria-label="Count by"
        value={by}
        onChange={(value) => setBy(value === 'room' ? 'room' : 'person')}
        data={[
          { value: 'person', label: 'People' },
          { value: 'room', label: 'Documents' },
        ]}
      />
      {summary === undefined && !failed ? [0, 1, 2].map((row) => <Skeleton key={row} height={44} />) : null}
      {failed ? (
        <Text size="sm" c="dimmed">
          The summary cannot be read now.
        </Text>
      ) : null}
      {summary?.length === 0 ? (
        <Text size="sm" c="dimmed">
          Nothing to count.
        </Text>
      ) : null}
      <ul className="activity-counts">
        {summary?.map((row) => (
          <li key={row.id}>
            <UnstyledButton
              className="activity-count"
              aria-pressed={chosen === row.id}
              style={{ '--share': `${(row.activities / most) * 100}%` }}
              onClick={() => (by === 'person' ? onPerson : onRoom)(chosen === row.id ? '' : row.id)}
            >
              {by === 'person' ? (
                <KnownAvatar id={row.id} name={row.name ?? row.id} color={colorFor(row.id)} size={26} />
              ) : null}
              <CountWords row={row} by={by} />
            </UnstyledButton>
          </li>
        ))}
      </ul>
    </Stack>
  )
}

function CountWords({ row, by }: { readonly row: Summary; readonly by: 'person' | 'room' }) {
  const { id, name, activities, others, inserted, deleted, last } = row
  const others1 = by === 'person' ? 'room' : 'person'
  return (
    <span className="activity-count-words">
      <Text component="span" size="sm" fw={500} truncate display="block">
        {by === 'person' ? (name ?? id) : roomWords(id, name)}
      </Text>
      <Text component="span" size="xs" c="dimmed" display="block">
        {activities} {activities === 1 ? 'activity' : 'activities'}, {others}{' '}
        {others === 1 ? others1 : others1 === 'room' ? 'rooms' : 'people'}
        {inserted + deleted > 0 ? `, +${inserted} −${deleted}` : ''} · {ago(last)}
      </Text>
    </span>
  )
}

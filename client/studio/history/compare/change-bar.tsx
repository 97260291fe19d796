import { ActionIcon, Button, Group, Text } from '@mantine/core'
import { IconArrowBackUp, IconChevronDown, IconChevronUp } from '@tabler/icons-react'
import { useKeys } from '../../shell/use-keys.ts'
import { useHistory } from '../context.ts'
import { type Change, STATUS_SIGNS, STATUS_WORDS } from './changes.ts'
import { when } from './hint.tsx'

interface ChangeBarProps {
  readonly changes: readonly Change[]
  readonly current: number | undefined
  readonly onCurrent: (hunk: number) => void
  /** Left out where nothing may be taken back. */
  readonly onRevert: ((change: Change) => void) | undefined
}

/** One change after the other: what, who, when, and a way to take it back. Also by the keys n, p and r. */
export function ChangeBar({ changes, current, onCurrent, onRevert }: ChangeBarProps) {
  const index = changes.findIndex(({ hunk }) => hunk === current)
  const change = changes[index]
  const go = (step: 1 | -1) => {
    const next = changes[index < 0 ? 0 : (index + step + changes.length) % changes.length]
    if (next !== undefined) onCurrent(next.hunk)
  }
  const revert = change && onRevert && (() => onRevert(change))
  useKeys({ n: () => go(1), p: () => go(-1), ...(revert && { r: revert }) })
  if (changes.length === 0) {
    return (
      <div className="change-bar">
        <Text c="dimmed" role="status">
          Nothing differs between these two positions.
        </Text>
      </div>
    )
  }
  return (
    <section className="change-bar" aria-label="Changes">
      <Group gap={4} wrap="nowrap">
        <ActionIcon variant="default" size="lg" aria-label="Previous change (P)" onClick={() => go(-1)}>
          <IconChevronUp size={18} />
        </ActionIcon>
        <ActionIcon variant="default" size="lg" aria-label="Next change (N)" onClick={() => go(1)}>
          <IconChevronDown size={18} />
        </ActionIcon>
      </Group>
      <div className="change-words" aria-live="polite">
        {change === undefined ? (
          <Text component="span" fw={500}>
            {changes.length === 1 ? '1 change' : `${changes.length} changes`}
          </Text>
        ) : (
          <Described change={change} index={index} total={changes.length} />
        )}
      </div>
      {revert === undefined ? null : (
        <Button
          variant="default"
          leftSection={<IconArrowBackUp size={16} aria-hidden="true" />}
          onClick={revert}
          className="change-revert"
        >
          Revert this change
        </Button>
      )}
    </section>
  )
}

interface DescribedProps {
  readonly change: Change
  readonly index: number
  readonly total: number
}

function Described({ change, index, total }: DescribedProps) {
  const { nameOf } = useHistory()
  const { status, excerpt, place, by } = change
  const last = by.at(-1)
  return (
    <>
      <Text component="span" fw={500} truncate display="block">
        <span aria-hidden="true">{STATUS_SIGNS[status]} </span>
        {STATUS_WORDS[status]}
        {place === undefined ? '' : ` (${place})`}:{' '}
        {excerpt.trim() === '' ? 'a line break or space' : excerpt}
      </Text>
      <Text component="span" size="sm" c="dimmed" truncate display="block">
        {index + 1} of {total}
        {by.length === 0 ? '' : ` · ${by.map(({ actor }) => nameOf(actor)).join(', ')}`}
        {last === undefined ? '' : ` · ${when(last)}`}
      </Text>
    </>
  )
}

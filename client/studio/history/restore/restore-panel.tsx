import { Button, Stack, Text, Title } from '@mantine/core'
import { IconRestore } from '@tabler/icons-react'
import { useState } from 'react'
import type { RestoreTarget } from '../api.ts'
import { STATUS_SIGNS, STATUS_WORDS } from '../compare/changes.ts'
import { useAnswer } from '../compare/use-answer.ts'
import { useHistory } from '../context.ts'
import { changedBlocks } from './blocks.ts'
import { PersonForm } from './person-form.tsx'
import { RestoreDialog } from './restore-dialog.tsx'

const TITLES = {
  version: 'Restore this version',
  hunks: 'Revert these changes',
  block: 'Restore this block',
  person: 'Undo one person’s work',
} as const

/** Everything that can be brought back from the chosen position; a single change is reverted where it is compared. */
export function RestorePanel() {
  const { position, seq, head } = useHistory()
  const [target, setTarget] = useState<RestoreTarget>()
  const at = placeToRestore(position, seq)
  const newest = at === undefined || at === String(head)
  return (
    <Stack gap="xl" p="md">
      <Stack gap="sm" align="flex-start">
        <Title order={2} size="h4" className="panel-title">
          Restore
        </Title>
        {newest ? (
          <Text c="dimmed">
            This is the newest version. Choose an older one in the timeline to bring it back, whole or in
            parts.
          </Text>
        ) : (
          <>
            <Text c="dimmed">The whole document becomes what it was at the position shown.</Text>
            <Button
              leftSection={<IconRestore size={16} aria-hidden="true" />}
              onClick={() => setTarget({ kind: 'version', at })}
            >
              Restore this version…
            </Button>
          </>
        )}
      </Stack>
      {newest ? null : <Blocks at={at} onChoose={(id) => setTarget({ kind: 'block', at, id })} />}
      <PersonForm onChoose={setTarget} />
      <RestoreDialog
        target={target}
        title={target === undefined ? '' : TITLES[target.kind]}
        onClose={() => setTarget(undefined)}
      />
    </Stack>
  )
}

function placeToRestore(
  position: ReturnType<typeof useHistory>['position'],
  seq: number | undefined,
): string | undefined {
  switch (position.kind) {
    case 'newest':
      return undefined
    case 'at':
      return seq === undefined ? position.at : String(seq)
    case 'compare':
      return position.from
  }
}

interface BlocksProps {
  readonly at: string
  readonly onChoose: (id: string) => void
}

/** One paragraph, heading or list of rich text as it was, and nothing else. */
function Blocks({ at, onChoose }: BlocksProps) {
  const { api, head } = useHistory()
  const { value } = useAnswer((signal) => api.diff(at, undefined, {}, signal), [api, at, head])
  const blocks = changedBlocks(value?.types ?? {})
  if (blocks.length === 0) return null
  return (
    <Stack gap="sm">
      <Title order={3} size="h5">
        One block of it
      </Title>
      <ul className="plain-list block-list">
        {blocks.map(({ id, status, text }) => (
          <li key={id}>
            <span className="block-text">
              <span aria-hidden="true">{STATUS_SIGNS[status]} </span>
              <b>{STATUS_WORDS[status]} since:</b> {text.trim() === '' ? 'an empty block' : text}
            </span>
            <Button size="xs" variant="default" onClick={() => onChoose(id)}>
              Restore…
            </Button>
          </li>
        ))}
      </ul>
    </Stack>
  )
}

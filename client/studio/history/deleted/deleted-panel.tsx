import { Alert, Button, Group, Skeleton, Stack, Text, TextInput, Title } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { IconSearch } from '@tabler/icons-react'
import { useState } from 'react'
import type { DeletedText, RestoreTarget } from '../api.ts'
import { when } from '../compare/hint.tsx'
import { useAnswer } from '../compare/use-answer.ts'
import { useHistory } from '../context.ts'
import { RestoreDialog } from '../restore/restore-dialog.tsx'
import { toRequestError } from '../use-timeline.ts'
import { useWide } from '../use-wide.ts'
import { hunksOfPassage } from './hunks-of-passage.ts'

const TYPING_MS = 250

/** When did this sentence go, and who took it? */
export function DeletedPanel() {
  const { api, head } = useHistory()
  const [typed, setTyped] = useState('')
  const [query] = useDebouncedValue(typed.trim(), TYPING_MS)
  const [target, setTarget] = useState<RestoreTarget>()
  const [problem, setProblem] = useState<string>()
  const { value, error, loading, retry } = useAnswer(
    (signal) => api.deleted(query === '' ? {} : { query }, signal),
    [api, query, head],
  )

  const bringBack = async (passage: DeletedText) => {
    setProblem(undefined)
    try {
      // Of a deletion that retention has merged with what came before, the position before all of that has it whole.
      const { from, to, types } = await api.diff(String(passage.lastSeq), undefined, { nearest: 'before' })
      const hunks = hunksOfPassage(types, passage)
      if (hunks.length === 0) setProblem('It is in the document again already.')
      else setTarget({ kind: 'hunks', from: String(from), to: String(to), hunks })
    } catch (cause) {
      setProblem(`${toRequestError(cause).message}. Nothing was changed.`)
    }
  }
  return (
    <Stack gap="md" p="md">
      <Title order={2} size="h4" className="panel-title">
        Deleted text
      </Title>
      <TextInput
        label="What did it say?"
        placeholder="A word or a sentence"
        leftSection={<IconSearch size={16} aria-hidden="true" />}
        value={typed}
        maxLength={200}
        onChange={(event) => setTyped(event.currentTarget.value)}
        data-autofocus
      />
      {problem === undefined ? null : (
        <Alert color="orange" variant="light" role="alert">
          {problem}
        </Alert>
      )}
      {error === undefined ? null : (
        <Alert color="orange" variant="light" role="alert">
          <Stack gap="sm" align="flex-start">
            {error.message}.
            <Button variant="default" onClick={retry}>
              Try again
            </Button>
          </Stack>
        </Alert>
      )}
      {value === undefined && loading ? (
        <Stack gap="sm" role="status" aria-label="Searching">
          <Skeleton height={64} />
          <Skeleton height={64} />
        </Stack>
      ) : null}
      {value === undefined ? null : <Found found={value.found} query={query} onBringBack={bringBack} />}
      <RestoreDialog target={target} title="Bring it back" onClose={() => setTarget(undefined)} />
    </Stack>
  )
}

interface FoundProps {
  readonly found: readonly DeletedText[]
  readonly query: string
  readonly onBringBack: (passage: DeletedText) => Promise<void>
}

function Found({ found, query, onBringBack }: FoundProps) {
  const shown = found.filter(({ text }) => text.trim() !== '')
  if (shown.length === 0) {
    return (
      <Text c="dimmed" role="status">
        {query === '' ? 'Nobody has deleted any text here.' : 'No such text was ever deleted here.'}
      </Text>
    )
  }
  return (
    <>
      <Text size="sm" c="dimmed" role="status">
        {shown.length === 1 ? '1 passage' : `${shown.length} passages`}, the latest first
      </Text>
      <ul className="plain-list deleted-list">
        {shown.map((passage, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: two passages may say the same
          <li key={index}>
            <Passage passage={passage} onBringBack={onBringBack} />
          </li>
        ))}
      </ul>
    </>
  )
}

const MAX_TEXT = 300

function Passage({
  passage,
  onBringBack,
}: { readonly passage: DeletedText } & Pick<FoundProps, 'onBringBack'>) {
  const { api, show, openPanel, nameOf } = useHistory()
  const wide = useWide()
  const [busy, setBusy] = useState(false)
  const { text, before, after, gone, lastSeq, parts } = passage
  const showWhere = async () => {
    const from = await api.nearest(lastSeq, 'before')
    show({ kind: 'compare', from: String(from), to: String(gone.seq) })
    if (!wide) openPanel(undefined)
  }
  const writers = [...new Set(parts.map(({ written }) => nameOf(written.actor)))]
  return (
    <Stack gap={6}>
      <p className="deleted-text">
        <span className="deleted-around">{before}</span>
        <del className="run-deleted">{text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text}</del>
        <span className="deleted-around">{after}</span>
      </p>
      <Text size="sm" c="dimmed">
        Taken by <b>{nameOf(gone.actor)}</b>, {when(gone)}. Written by {writers.join(', ')}.
      </Text>
      <Group gap="xs">
        <Button size="xs" variant="default" onClick={() => void showWhere()}>
          Show where
        </Button>
        <Button
          size="xs"
          variant="default"
          loading={busy}
          onClick={() => {
            setBusy(true)
            void onBringBack(passage).finally(() => setBusy(false))
          }}
        >
          Bring back
        </Button>
      </Group>
    </Stack>
  )
}

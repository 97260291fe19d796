import { Alert, Button, Group, Modal, ScrollArea, Skeleton, Stack, Text } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import { notifications } from '@mantine/notifications'
import { IconAlertTriangle } from '@tabler/icons-react'
import { useEffect, useMemo } from 'react'
import { linkTo } from '../../router.ts'
import { failureWords } from '../../shell/failure.ts'
import { useAttempt } from '../../shell/use-attempt.ts'
import type { RestoreTarget } from '../api.ts'
import { changesOf } from '../compare/changes.ts'
import { type Reading, ReadingProvider } from '../compare/reading.ts'
import { TypesRuns } from '../compare/types-runs.tsx'
import { useAnswer } from '../compare/use-answer.ts'
import { useHistory } from '../context.ts'
import { placePath } from '../position.ts'

interface RestoreDialogProps {
  /** What is to be brought back; undefined while the dialog is closed. */
  readonly target: RestoreTarget | undefined
  readonly title: string
  readonly onClose: () => void
  readonly onRestored?: () => void
}

const PREVIEW: Reading = { mode: 'diff' }

/** Shows what a restore would change, asks, does it, and says where the version before is. */
export function RestoreDialog({ target, title, onClose, onRestored }: RestoreDialogProps) {
  const { api, room, head, reload } = useHistory()
  const phone = useMediaQuery('(max-width: 36em)')
  const preview = useAnswer(target && ((signal: AbortSignal) => api.previewRestore(target, signal)), [
    api,
    target,
    // What others write meanwhile is in the preview as well.
    head,
  ])
  const { running, failure, run, forget } = useAttempt(reload)
  // biome-ignore lint/correctness/useExhaustiveDependencies: another target is another try
  useEffect(forget, [target])
  const { value, error } = preview
  const unread = error && `${error.message}. Nothing was changed.`
  const wrong = failure === undefined ? unread : failureWords(failure)
  const changes = useMemo(() => changesOf(value?.types ?? {}).length, [value])

  const restore = async (what: RestoreTarget) => {
    const { before } = await api.restore(what)
    sayRestored(room, before)
    reload()
  }
  const done = () => {
    onClose()
    onRestored?.()
  }
  return (
    <Modal
      opened={target !== undefined}
      onClose={() => {
        if (!running) onClose()
      }}
      title={title}
      size="xl"
      fullScreen={phone ?? false}
    >
      <Stack gap="md">
        <Text c="dimmed">
          This becomes a new edit that everybody in the document receives at once. What others type while it
          is done stays, and the version before is kept.
        </Text>
        {wrong === undefined ? null : (
          <Alert color="red" variant="light" role="alert" icon={<IconAlertTriangle />}>
            {wrong}
          </Alert>
        )}
        {preview.loading && value === undefined ? (
          <Stack gap="sm" role="status" aria-label="Preparing the preview">
            <Skeleton height={14} />
            <Skeleton height={14} width="70%" />
          </Stack>
        ) : null}
        {value === undefined ? null : value.changes ? (
          <section aria-label="Preview" className="preview">
            <Text fw={500} mb={4}>
              {changes === 1 ? 'This would be changed:' : `These ${changes} changes would be made:`}
            </Text>
            <ScrollArea.Autosize mah="50dvh" className="preview-body" viewportProps={{ tabIndex: 0 }}>
              <ReadingProvider value={PREVIEW}>
                <TypesRuns types={value.types} changedOnly />
              </ReadingProvider>
            </ScrollArea.Autosize>
          </section>
        ) : (
          <Text role="status">The document says this already: nothing would be changed.</Text>
        )}
        <Group justify="flex-end" gap="sm">
          <Button variant="default" disabled={running} onClick={onClose}>
            Cancel
          </Button>
          <Button
            disabled={value?.changes !== true || preview.loading}
            loading={running}
            onClick={() => void (target === undefined || run(() => restore(target), done))}
          >
            Restore
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}

function sayRestored(room: string, before: number | null): void {
  const path =
    before === null
      ? undefined
      : placePath(room, { position: { kind: 'at', at: String(before) }, panel: undefined })
  notifications.show({
    title: before === null ? 'Nothing was changed' : 'Restored',
    message:
      path === undefined ? (
        'The document said this already.'
      ) : (
        <>
          Everybody in the document has it. <a {...linkTo(path)}>See the version before</a>
        </>
      ),
    autoClose: 12_000,
    withBorder: true,
  })
}

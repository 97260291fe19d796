import { Alert, Button, Group, Modal, ScrollArea, Skeleton, Stack, Text } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import { notifications } from '@mantine/notifications'
import { IconAlertTriangle } from '@tabler/icons-react'
import { useEffect, useMemo, useState } from 'react'
import type { RequestError } from '../../api.ts'
import { linkTo } from '../../router.ts'
import type { RestoreTarget } from '../api.ts'
import { changesOf } from '../compare/changes.ts'
import { type Reading, ReadingProvider } from '../compare/reading.ts'
import { TypesRuns } from '../compare/types-runs.tsx'
import { useAnswer } from '../compare/use-answer.ts'
import { useHistory } from '../context.ts'
import { placePath } from '../position.ts'
import { toRequestError } from '../use-timeline.ts'

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
  const [running, setRunning] = useState(false)
  const [failure, setFailure] = useState<RequestError>()
  // biome-ignore lint/correctness/useExhaustiveDependencies: another target is another try
  useEffect(() => setFailure(undefined), [target])
  const { value, error = failure } = preview
  const changes = useMemo(() => changesOf(value?.types ?? {}).length, [value])

  const restore = async () => {
    if (target === undefined) return
    setRunning(true)
    try {
      const { before } = await api.restore(target)
      sayRestored(room, before)
      onClose()
      reload()
      onRestored?.()
    } catch (cause) {
      setFailure(toRequestError(cause))
    } finally {
      setRunning(false)
    }
  }
  return (
    <Modal
      opened={target !== undefined}
      onClose={onClose}
      title={title}
      size="xl"
      fullScreen={phone ?? false}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <Stack gap="md">
        <Text c="dimmed">
          This becomes a new edit that everybody in the document receives at once. What others type while it
          is done stays, and the version before is kept.
        </Text>
        {error === undefined ? null : (
          <Alert color="red" variant="light" role="alert" icon={<IconAlertTriangle />}>
            {error.message}.{' '}
            {failure?.unsure ? 'Look at the timeline: it may have been done.' : 'Nothing was changed.'}
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
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button
            disabled={value?.changes !== true || preview.loading}
            loading={running}
            onClick={() => void restore()}
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
    closeButtonProps: { 'aria-label': 'Close' },
  })
}

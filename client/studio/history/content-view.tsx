import './traces.css'
import { Alert, Button, EmptyState, Group, Skeleton, Stack } from '@mantine/core'
import { IconAlertTriangle, IconFile } from '@tabler/icons-react'
import { lazy, Suspense } from 'react'
import type { RequestError } from '../api.ts'
import { TypesRuns } from './compare/types-runs.tsx'
import { RichView } from './rich-view.tsx'
import type { Shown } from './shown.ts'

const CodeView = lazy(async () => ({ default: (await import('./code-view.tsx')).CodeView }))

interface ContentViewProps {
  readonly shown: Shown | undefined
  readonly error: RequestError | undefined
  readonly onRetry: () => void
  readonly onNewest: () => void
  /** Whether it is what the document says now. */
  readonly newest: boolean
  /** What is shown is on its way to something else. */
  readonly stale: boolean
  readonly playing: boolean
}

/** What the document held at the chosen position. */
export function ContentView({ shown, error, onRetry, onNewest, newest, stale, playing }: ContentViewProps) {
  if (error !== undefined) {
    return (
      <Alert
        m="md"
        role="alert"
        color="orange"
        icon={<IconAlertTriangle />}
        title="This position cannot be shown"
      >
        <Stack gap="sm" align="flex-start">
          <span>{error.message}. Other positions are as they were.</span>
          <Group gap="xs">
            <Button size="xs" variant="default" onClick={onRetry}>
              Try again
            </Button>
            <Button size="xs" variant="default" onClick={onNewest}>
              Show the newest
            </Button>
          </Group>
        </Stack>
      </Alert>
    )
  }
  if (shown === undefined) return <Opening />
  return (
    <div className="history-shown" aria-busy={stale}>
      <Suspense fallback={<Opening />}>
        {shown.editor === 'code' ? (
          <CodeView runs={shown.code} language={shown.language} following={playing} />
        ) : shown.editor === 'rich' && shown.rich.length > 0 ? (
          <RichView pieces={shown.rich} following={playing} />
        ) : Object.keys(shown.data).length > 0 ? (
          // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard
          <section className="compare-body" aria-label="What the room holds" tabIndex={0}>
            <TypesRuns types={shown.data} />
          </section>
        ) : (
          <EmptyState
            py={64}
            px="md"
            icon={<IconFile />}
            title={newest ? 'The document is empty' : 'The document was empty then'}
            description={
              newest
                ? 'What was written and deleted is in the timeline.'
                : 'What was written later is further up in the timeline.'
            }
          />
        )}
      </Suspense>
    </div>
  )
}

function Opening() {
  return (
    <Stack p="lg" gap="md" role="status" aria-label="Opening the position" maw={760} w="100%" mx="auto">
      <Skeleton height={28} width="45%" />
      <Skeleton height={14} />
      <Skeleton height={14} width="92%" />
      <Skeleton height={14} width="70%" />
    </Stack>
  )
}

import './compare.css'
import { Alert, Button, Group, SegmentedControl, Skeleton, Stack } from '@mantine/core'
import { IconArrowsExchange, IconX } from '@tabler/icons-react'
import { useEffect, useMemo, useRef, useState } from 'react'
import type { RestoreTarget } from '../api.ts'
import { useHistory } from '../context.ts'
import { RestoreDialog } from '../restore/restore-dialog.tsx'
import { ChangeBar } from './change-bar.tsx'
import { changesOf, isDocument } from './changes.ts'
import { CompareStrip } from './compare-strip.tsx'
import { useHint } from './hint.tsx'
import { type Reading, ReadingProvider } from './reading.ts'
import { TypesRuns } from './types-runs.tsx'
import { useAnswer } from './use-answer.ts'

interface CompareProps {
  readonly from: string
  readonly to: string
}

/** What differs between two positions, and who did it. */
export function Compare({ from, to }: CompareProps) {
  const { api, show, reload } = useHistory()
  const { value, error, loading, retry } = useAnswer(
    (signal) => api.diff(from, to, {}, signal),
    [api, from, to],
  )
  const [current, setCurrent] = useState<number>()
  const [layout, setLayout] = useState<'inline' | 'split'>('inline')
  const [reverting, setReverting] = useState<RestoreTarget>()
  const { hint, onPoint } = useHint('diff')
  const changes = useMemo(() => changesOf(value?.types ?? {}), [value])
  const body = useRef<HTMLDivElement>(null)

  // biome-ignore lint/correctness/useExhaustiveDependencies: another diff has other numbers
  useEffect(() => setCurrent(undefined), [value])
  useEffect(() => {
    if (current === undefined) return
    body.current?.querySelector(`[data-hunk="${current}"]`)?.scrollIntoView({ block: 'nearest' })
  }, [current])

  const reading = useMemo<Reading>(
    () => ({
      mode: 'diff',
      current,
      onPoint,
      onChoose: ({ hunk }) => {
        if (hunk !== undefined) setCurrent(hunk)
      },
    }),
    [current, onPoint],
  )
  if (error !== undefined) {
    return (
      <Alert m="md" color="orange" variant="light" title="These two cannot be compared" role="alert">
        <Stack gap="sm" align="flex-start">
          {error.message}. Nothing of the document is lost.
          <Group gap="sm">
            <Button variant="default" onClick={retry}>
              Try again
            </Button>
            <Button variant="default" onClick={() => show({ kind: 'newest' })}>
              Show the newest
            </Button>
          </Group>
        </Stack>
      </Alert>
    )
  }
  const code = Object.values(value?.types ?? {}).some((type) => isDocument(type) && type.kind === 'text')
  return (
    <div className="compare">
      <div className="compare-bar">
        <CompareStrip
          from={value?.from ?? 0}
          to={value?.to ?? 0}
          onChange={(older, newer) =>
            show({ kind: 'compare', from: String(older), to: String(newer) }, { replace: true })
          }
        />
        <Group gap="xs" className="compare-tools">
          {code ? (
            <SegmentedControl
              size="xs"
              className="compare-layout"
              aria-label="How to show the two"
              value={layout}
              onChange={(next) => setLayout(next === 'split' ? 'split' : 'inline')}
              data={[
                { value: 'inline', label: 'In one' },
                { value: 'split', label: 'Side by side' },
              ]}
            />
          ) : null}
          <Button
            size="xs"
            variant="subtle"
            leftSection={<IconArrowsExchange size={16} aria-hidden="true" />}
            onClick={() => show({ kind: 'compare', from: to, to: from })}
          >
            Swap
          </Button>
          <Button
            size="xs"
            variant="subtle"
            leftSection={<IconX size={16} aria-hidden="true" />}
            onClick={() => show({ kind: 'at', at: String(value?.to ?? to) })}
          >
            Stop comparing
          </Button>
        </Group>
      </div>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: only hides what the pointer showed */}
      <div
        className="compare-body"
        ref={body}
        aria-busy={loading}
        onMouseLeave={() => onPoint(undefined, { x: 0, y: 0 })}
      >
        {value === undefined ? (
          <Opening />
        ) : (
          <ReadingProvider value={reading}>
            <TypesRuns types={value.types} split={layout === 'split'} changedOnly />
          </ReadingProvider>
        )}
      </div>
      {value === undefined ? null : (
        <ChangeBar
          changes={changes}
          current={current}
          onCurrent={setCurrent}
          onRevert={({ hunk }) =>
            setReverting({ kind: 'hunks', from: String(value.from), to: String(value.to), hunks: [hunk] })
          }
        />
      )}
      {hint}
      <RestoreDialog
        target={reverting}
        title="Revert this change"
        onClose={() => setReverting(undefined)}
        onRestored={() => {
          reload()
          retry()
        }}
      />
    </div>
  )
}

const Opening = () => (
  <Stack p="md" gap="sm" role="status" aria-label="Comparing">
    <Skeleton height={14} />
    <Skeleton height={14} width="90%" />
    <Skeleton height={14} width="70%" />
  </Stack>
)

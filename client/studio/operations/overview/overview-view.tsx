import './overview.css'
import { EmptyState, SegmentedControl, Skeleton } from '@mantine/core'
import { IconChartLine } from '@tabler/icons-react'
import { useMemo } from 'react'
import { useMetrics } from '../../../react/index.ts'
import type { TokenSource } from '../../api.ts'
import { ReadFailure } from '../../shell/read-failure.tsx'
import { ForAdministrators } from '../for-administrators.tsx'
import { SectionPage } from '../section-page.tsx'
import { useChosen } from '../use-choice.ts'
import { Chart } from './chart.tsx'
import { HealthLine } from './health-line.tsx'
import { CHARTS, draw, NAMES } from './lines.ts'
import { Metrics, RANGES, type Range, rangeOf, SYSTEM } from './metrics.ts'
import { useHealth } from './use-health.ts'

const CHOICES = Object.entries(RANGES).map(([value, { label }]) => ({ value, label }))

/** How the server does: in one line, and then in charts that go on. */
export function OverviewView({ token }: { readonly token: TokenSource }) {
  const [chosen, choose] = useChosen('last')
  const name = rangeOf(chosen)
  const range = RANGES[name]
  const { health, look } = useHealth(token)
  const { last, width } = range
  const { series, error, reload } = useMetrics(SYSTEM, { names: NAMES, last, width })
  const metrics = useMemo(() => (series === undefined ? undefined : new Metrics(series)), [series])
  if (error?.code === 'forbidden') return <ForAdministrators />
  const unmeasured = metrics?.times.size === 0
  return (
    <SectionPage
      title="Operations"
      says="How the server does now, and how it did before."
      action={
        <SegmentedControl
          aria-label="Time shown"
          className="overview-range"
          value={name}
          onChange={(value) => choose(value === '10m' ? '' : value)}
          data={CHOICES}
        />
      }
    >
      <HealthLine health={health} onRetry={look} />
      {error === undefined ? null : (
        <ReadFailure
          title={metrics === undefined ? 'What was measured cannot be read' : 'The charts may be out of date'}
          says={`${error.message}. Measuring goes on all the same.`}
          retry={reload}
        />
      )}
      {unmeasured ? (
        <EmptyState
          py={48}
          icon={<IconChartLine />}
          title="Nothing was measured yet"
          description="The server writes down every few seconds how it does; the first of it is here in a moment."
        />
      ) : null}
      {metrics === undefined && error === undefined ? <LoadingCharts /> : null}
      {metrics === undefined || unmeasured ? null : <Charts metrics={metrics} range={range} />}
    </SectionPage>
  )
}

function Charts({ metrics, range }: { readonly metrics: Metrics; readonly range: Range }) {
  const charts = useMemo(() => {
    const now = Date.now()
    return CHARTS.map((kind) => ({ kind, drawn: draw(metrics, kind, range, now) }))
  }, [metrics, range])
  return (
    <div className="charts">
      {charts.map(({ kind, drawn }) => (
        <Chart key={kind.title} kind={kind} drawn={drawn} />
      ))}
    </div>
  )
}

const LoadingCharts = () => (
  <div className="charts" role="status" aria-label="Loading what was measured">
    {CHARTS.map(({ title }) => (
      <Skeleton key={title} height={240} />
    ))}
  </div>
)

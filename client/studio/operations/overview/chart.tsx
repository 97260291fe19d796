import 'uplot/dist/uPlot.min.css'
import { Text, useComputedColorScheme } from '@mantine/core'
import { useEffect, useId, useMemo, useRef, useState } from 'react'
import UPlot from 'uplot'
import type { ChartKind, Drawn } from './lines.ts'

interface ChartProps {
  readonly kind: ChartKind
  readonly drawn: Drawn
}

const HEIGHT = 138
/** As a canvas takes them, which knows no style sheet. Both lines keep 3 : 1 on what is behind them. */
const COLOURS = {
  light: { lines: ['#0e7381', '#495057'], quiet: '#495057', rule: '#e9ecef' },
  dark: { lines: ['#54b4bf', '#ced4da'], quiet: '#b8b8b8', rule: '#3b3b3b' },
} as const
const DASH = [5, 4]
/** In the table: the newest, which is what one asks for. */
const ROWS = 60

const clock = new Intl.DateTimeFormat('en-GB', { timeStyle: 'short' })
const exactClock = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' })
const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' })
const dayAndHour = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short' })

const lastOf = (line: readonly (number | null)[] | undefined): number | null =>
  line?.findLast((value) => value !== null) ?? null

const isEmpty = ({ lines }: Drawn): boolean => lines.every((line) => lastOf(line) === null)

/** Two days and less are told apart by the hour. */
const isShort = ({ from, to }: Drawn): boolean => to - from < 2 * 86_400
const exactTime = (drawn: Drawn, at: number): string =>
  (isShort(drawn) ? exactClock : dayAndHour).format(at * 1000)

/** One or two lines over time: the second is dashed, and whoever does not see them has a table. */
export function Chart({ kind, drawn }: ChartProps) {
  const { title, unit, lines, format } = kind
  const [pointed, setPointed] = useState<number>()
  const heading = useId()
  const colours = COLOURS[useComputedColorScheme('light')]
  const at = pointed === undefined ? undefined : drawn.times[pointed]
  const valueIn = (line: number): string => {
    const values = drawn.lines[line]
    const value = at === undefined ? lastOf(values) : values?.[pointed ?? 0]
    return value === null || value === undefined ? '–' : format(value)
  }
  const said = lines.map(({ label }, line) => `${label} ${valueIn(line)}`).join(', ')
  return (
    <section className="chart" aria-labelledby={heading}>
      <div className="chart-head">
        <h2 id={heading} className="chart-title">
          {title}
        </h2>
        <Text size="sm" c="dimmed" className="chart-at">
          {at === undefined ? unit : exactTime(drawn, at)}
        </Text>
      </div>
      <ul className="plain-list chart-legend">
        {lines.map(({ label }, line) => (
          <li key={label}>
            <svg width="18" height="8" aria-hidden="true" className="chart-sample">
              <line
                x1="0"
                y1="4"
                x2="18"
                y2="4"
                stroke={colours.lines[line]}
                strokeDasharray={line === 0 ? undefined : DASH.join(' ')}
              />
            </svg>
            <span className="chart-label">{label}</span>
            <b className="chart-value">{valueIn(line)}</b>
          </li>
        ))}
      </ul>
      <div role="img" aria-label={`${title}${unit === undefined ? '' : `, ${unit}`}: ${said}`}>
        <Plot kind={kind} drawn={drawn} onPoint={setPointed} />
      </div>
      <Figures kind={kind} drawn={drawn} />
    </section>
  )
}

interface PlotProps extends ChartProps {
  readonly onPoint: (index: number | undefined) => void
}

function Plot({ kind, drawn, onPoint }: PlotProps) {
  const host = useRef<HTMLDivElement>(null)
  const plot = useRef<UPlot>(undefined)
  const scheme = useComputedColorScheme('light')
  const data = useMemo<UPlot.AlignedData>(
    () => [[...drawn.times], ...drawn.lines.map((line) => [...line])],
    [drawn],
  )
  const latest = useRef({ data, drawn, onPoint })
  latest.current = { data, drawn, onPoint }

  useEffect(() => {
    const element = host.current
    if (element === null) return
    const made = new UPlot(options(element, kind, COLOURS[scheme], latest), latest.current.data, element)
    plot.current = made
    const resized = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: HEIGHT }))
    resized.observe(element)
    return () => {
      resized.disconnect()
      made.destroy()
    }
  }, [kind, scheme])
  useEffect(() => plot.current?.setData(data), [data])
  return <div ref={host} className="chart-plot" aria-hidden="true" />
}

interface Latest {
  readonly current: { readonly drawn: Drawn; readonly onPoint: PlotProps['onPoint'] }
}

type Colours = (typeof COLOURS)[keyof typeof COLOURS]

function options(
  element: HTMLElement,
  { lines, format }: ChartKind,
  colours: Colours,
  latest: Latest,
): UPlot.Options {
  const font = `12px ${getComputedStyle(element).fontFamily}`
  const axis = { stroke: colours.quiet, font, ticks: { show: false } }
  const timeOf = (at: number): string => (isShort(latest.current.drawn) ? clock : day).format(at * 1000)
  return {
    width: element.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    padding: [8, 8, 0, 0],
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 6 } },
    scales: {
      x: { time: true, range: () => [latest.current.drawn.from, latest.current.drawn.to] },
      // From nothing on: a line that only trembles is not to look like a mountain.
      y: { range: (_, _min, max) => [0, max > 0 ? max * 1.1 : 1] },
    },
    axes: [
      {
        ...axis,
        size: 30,
        // Its first time and the lowest value stand side by side, and would touch.
        gap: 10,
        space: 70,
        grid: { show: false },
        values: (_, splits) => splits.map(timeOf),
      },
      {
        ...axis,
        size: 56,
        gap: 6,
        space: 36,
        grid: { stroke: colours.rule, width: 1 },
        // Of nothing there is no scale either.
        values: (_, splits) => (isEmpty(latest.current.drawn) ? splits.map(() => '') : splits.map(format)),
      },
    ],
    series: [
      {},
      ...lines.map((_, line) => ({
        stroke: colours.lines[line] ?? colours.quiet,
        width: 1.5,
        ...(line === 0 ? {} : { dash: DASH }),
        points: { show: false },
      })),
    ],
    hooks: { setCursor: [({ cursor }) => latest.current.onPoint(cursor.idx ?? undefined)] },
  }
}

/** The same in figures. Drawn only when it is asked for: there may be hundreds of rows. */
function Figures({ kind: { title, unit, lines, format }, drawn }: ChartProps) {
  const [open, setOpen] = useState(false)
  const first = Math.max(0, drawn.times.length - ROWS)
  return (
    <details className="chart-figures" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        Figures<span className="chart-hidden"> of “{title}”</span>
      </summary>
      {open ? (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard
        <section className="chart-table" tabIndex={0} aria-label={`Figures of “${title}”, newest first`}>
          <table>
            <thead>
              <tr>
                <th scope="col">Time</th>
                {lines.map(({ label }) => (
                  <th key={label} scope="col">
                    {label}
                    {unit === undefined ? '' : `, ${unit}`}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {drawn.times
                .slice(first)
                .map((at, index) => (
                  <tr key={at}>
                    <th scope="row">{exactTime(drawn, at)}</th>
                    {lines.map(({ label }, line) => {
                      const value = drawn.lines[line]?.[first + index] ?? null
                      return <td key={label}>{value === null ? '–' : format(value)}</td>
                    })}
                  </tr>
                ))
                .toReversed()}
            </tbody>
          </table>
        </section>
      ) : null}
    </details>
  )
}

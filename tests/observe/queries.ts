import { ERRORS } from '../../server/errors.ts'
import { type Definition, METRICS } from '../../server/observe/metric-list.ts'
import { Metrics } from '../../server/observe/metrics.ts'

/** A question in PromQL, and the labels that are shown beside its answers. */
export interface Query {
  readonly where: string
  readonly expr: string
  readonly shown: readonly string[]
}

interface Exported {
  readonly type: string
  /** To the values that it may have; any where there are none. */
  readonly labels: ReadonlyMap<string, ReadonlySet<string> | undefined>
}

/** Prometheus' own: which node, and of what. */
const TARGET = new Set(['instance', 'job'])
const SERIES = /^(.+)_(bucket|sum|count)$/

/** What a registry tells, by the names that it tells them with. */
export async function exported(): Promise<ReadonlyMap<string, Exported>> {
  const codes = Object.keys(ERRORS)
  const text = await new Metrics({ codes, kinds: ['doc'], versions: ['1'] }).text()
  const told = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)]
  return new Map(
    told.map(([, name = '', type = '']) => {
      const { labels = {} } = (METRICS as Readonly<Record<string, Definition>>)[name] ?? {}
      const values = Object.entries(labels).map(([label, of]) => {
        if (of === 'codes') return [label, new Set(codes)] as const
        return [label, typeof of === 'string' ? undefined : new Set(of)] as const
      })
      return [name, { type, labels: new Map(values) }]
    }),
  )
}

/** What these ask for that no node tells, or ask for in a way that makes no sense. */
export const untruths = (
  queries: readonly Query[],
  metrics: ReadonlyMap<string, Exported>,
): readonly string[] =>
  queries.flatMap(({ where, expr, shown }) => {
    const wrong: string[] = []
    const known = new Set(TARGET)
    for (const found of expr.matchAll(/\bsyncline_[a-z_]+\b(?:\{([^}]*)\})?/g)) {
      const name = found[0].split('{', 1)[0] ?? ''
      const [, base = name, series] = SERIES.exec(name) ?? []
      const metric = metrics.get(series !== undefined && !metrics.has(name) ? base : name)
      if (metric === undefined) {
        wrong.push(`there is no ${name}`)
        continue
      }
      const isHistogram = metric.type === 'histogram'
      if (isHistogram !== !metrics.has(name)) wrong.push(`${name} is no series of a histogram`)
      const rated = /\b(rate|increase)\($/.test(expr.slice(0, found.index))
      if (rated !== (metric.type !== 'gauge'))
        wrong.push(`${name} is a ${metric.type}, and ${rated ? '' : 'not '}rated`)
      const labels = new Map([...metric.labels])
      if (series === 'bucket') labels.set('le', undefined)
      for (const label of labels.keys()) known.add(label)
      for (const [, label = '', how = '', value = ''] of (found[1] ?? '').matchAll(
        /([a-z_]+)(=~|!~|!=|=)"([^"]*)"/g,
      )) {
        if (TARGET.has(label)) continue
        if (!labels.has(label)) wrong.push(`${name} has no label ${label}`)
        const asked = how.endsWith('~') ? value.split('|') : [value]
        for (const one of asked)
          if (labels.get(label)?.has(one) === false) wrong.push(`${label} of ${name} is never ${one}`)
      }
    }
    const grouped = [...expr.matchAll(/\b(?:by|on|without|ignoring) ?\(([^)]*)\)/g)].flatMap(
      ([, list = '']) => list.split(',').map((label) => label.trim()),
    )
    for (const label of [...grouped, ...shown])
      if (!known.has(label)) wrong.push(`nothing there has a label ${label}`)
    if (expr.includes('histogram_quantile(') && !grouped.includes('le')) wrong.push('a quantile needs le')
    return wrong.map((told) => `${where}: ${told}`)
  })

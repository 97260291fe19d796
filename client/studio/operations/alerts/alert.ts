import type { Alert, AlertRule } from '../../../sdk/index.ts'
import { bytes, exactBytes } from '../../rooms/figures.ts'
import { roomRoute } from '../api.ts'

export const alertsRoute = (org: string): string => `${roomRoute(`analytics:${org}`)}/alerts`
export const alertRoute = (org: string, name: string): string =>
  `${alertsRoute(org)}/${encodeURIComponent(name)}`

/** What can be measured, in words before the name of a metric. */
export const OF: Readonly<Record<AlertRule['of'], string>> = {
  count: 'number of values',
  rate: 'values a second',
  sum: 'sum',
  mean: 'mean',
  min: 'least',
  max: 'greatest',
  p50: 'p50',
  p95: 'p95',
  p99: 'p99',
}

export const LEVELS = ['info', 'warning', 'critical'] as const
export type Level = (typeof LEVELS)[number]
export const LEVEL_WORDS: Readonly<Record<Level, string>> = {
  info: 'For information',
  warning: 'Warning',
  critical: 'Critical',
}

/** “5 minutes” */
export function lasting(seconds: number): string {
  const [count, unit] =
    seconds % 3_600 === 0
      ? [seconds / 3_600, 'hour']
      : seconds % 60 === 0
        ? [seconds / 60, 'minute']
        : [seconds, 'second']
  return count === 1 ? `1 ${unit}` : `${count} ${unit}s`
}

const exact = new Intl.NumberFormat('en', { maximumSignificantDigits: 15 })
const small = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 })
const large = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })

const figure = (value: number): string => (Math.abs(value) < 100 ? small : large).format(value)

/** Whether what a rule looks at are bytes, by the name of the metric: not where it is how many values there were. */
const ofBytes = ({ metric, of }: AlertRule): boolean =>
  /(^|[^a-z])bytes$/i.test(metric) && of !== 'count' && of !== 'rate'

export const labelTexts = ({ labels = {} }: AlertRule): readonly string[] =>
  Object.entries(labels).map(([label, text]) => `${label}=${text}`)

/** “When the p95 of build.seconds (target=web) over 5 minutes is above 60, for 1 minute” */
export function ruleWords(rule: AlertRule): string {
  const { metric, of, over, is, threshold, for: held = 0 } = rule
  const limit = ofBytes(rule) ? exactBytes(threshold) : exact.format(threshold)
  const labels = labelTexts(rule)
  const which = labels.length === 0 ? '' : ` (${labels.join(', ')})`
  const long = held === 0 ? '' : `, for ${lasting(held)}`
  return `When the ${OF[of]} of ${metric}${which} over ${lasting(over)} is ${is} ${limit}${long}`
}

/** What is beside its state to be known of it now. */
export const valueWords = ({ value, rule }: Alert): string =>
  value === null ? 'Nothing was measured' : `It is ${ofBytes(rule) ? bytes(value) : figure(value)}`

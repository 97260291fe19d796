import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import { type Definition, METRICS, type Vocabulary } from './metric-list.ts'

type MetricName = keyof typeof METRICS
type NameOf<Type extends Definition['type']> = {
  [Name in MetricName]: (typeof METRICS)[Name]['type'] extends Type ? Name : never
}[MetricName]

export type Labels = Readonly<Record<string, string>>

/** One number, or one for each value of the metric's label; undefined where it is not known now, and is not told. */
type Reading = number | Readonly<Record<string, number>> | undefined

/** In the place of every value of a label that is not one of its list. */
export const OTHER = 'other'

/**
 * The metrics of one server, of which a process may have several. What happens often is counted as it happens; what is
 * there anyway is asked for when somebody looks.
 */
export class Metrics {
  readonly #registry = new Registry()
  readonly #counters = new Map<string, Counter>()
  readonly #histograms = new Map<string, Histogram>()
  readonly #readers = new Map<string, () => Reading | Promise<Reading>>()
  readonly #allowed = new Map<string, ReadonlySet<string>>()
  #telling: Promise<string> | undefined

  constructor(vocabulary: Vocabulary) {
    for (const [name, definition] of Object.entries<Definition>(METRICS)) {
      const labels = Object.entries(definition.labels ?? {})
      for (const [label, values] of labels)
        this.#allowed.set(
          `${name} ${label}`,
          new Set(typeof values === 'string' ? vocabulary[values] : values),
        )
      this.#define(
        name,
        definition,
        labels.map(([label]) => label),
      )
    }
  }

  get contentType(): string {
    return this.#registry.contentType
  }

  /** Costs some nanoseconds, and with labels half a microsecond. */
  add(name: NameOf<'counter'>, count = 1, labels?: Labels): void {
    if (labels === undefined) this.#counters.get(name)?.inc(count)
    else this.#counters.get(name)?.inc(this.#bounded(name, labels), count)
  }

  /** A third of a microsecond. */
  observe(name: NameOf<'histogram'>, value: number, labels?: Labels): void {
    if (labels === undefined) this.#histograms.get(name)?.observe(value)
    else this.#histograms.get(name)?.observe(this.#bounded(name, labels), value)
  }

  /** Has a metric asked for, each time that somebody looks. A question that fails leaves it out. */
  ask(name: NameOf<'gauge' | 'counter'>, read: () => Reading | Promise<Reading>): void {
    this.#readers.set(name, read)
  }

  /** In Prometheus' text format. Who asks while others wait has the same: what is asked for is added up in one place. */
  text(): Promise<string> {
    this.#telling ??= this.#registry.metrics().finally(() => {
      this.#telling = undefined
    })
    return this.#telling
  }

  #define(name: string, { type, help, buckets }: Definition, labelNames: readonly string[]): void {
    const options = { name, help, labelNames, registers: [this.#registry] }
    if (type === 'histogram') {
      this.#histograms.set(name, new Histogram({ ...options, buckets: [...(buckets ?? [])] }))
    } else if (type === 'gauge') {
      const gauge: Gauge = new Gauge({
        ...options,
        collect: () => this.#read(name, gauge, (...of) => gauge.set(...of)),
      })
    } else {
      const counter: Counter = new Counter({
        ...options,
        collect: () =>
          this.#readers.has(name) ? this.#read(name, counter, (...of) => counter.inc(...of)) : undefined,
      })
      this.#counters.set(name, counter)
      // Told as 0 before the first: else the first one would be no increase.
      const [label, ...others] = labelNames
      if (label !== undefined && others.length === 0)
        for (const value of this.#allowed.get(`${name} ${label}`) ?? []) counter.inc({ [label]: value }, 0)
    }
  }

  async #read(
    name: string,
    metric: Gauge | Counter,
    set: (labels: Labels, value: number) => void,
  ): Promise<void> {
    // Without labels prom-client makes a 0 of it, which would be told as if it were known.
    metric.reset()
    if (this.#labels(name).length === 0) metric.remove()
    const reading = await Promise.resolve()
      .then(() => this.#readers.get(name)?.())
      .catch(() => undefined)
    if (reading === undefined) return
    if (typeof reading === 'number') set({}, reading)
    else for (const [labels, value] of this.#summed(name, reading)) set(labels, value)
  }

  /** What is not of the list comes together. */
  #summed(name: string, reading: Readonly<Record<string, number>>): Iterable<readonly [Labels, number]> {
    const [label = ''] = this.#labels(name)
    const sums = new Map<string, number>()
    for (const [value, number] of Object.entries(reading)) {
      const known = this.#known(name, label, value)
      sums.set(known, (sums.get(known) ?? 0) + number)
    }
    return [...sums].map(([value, number]) => [{ [label]: value }, number] as const)
  }

  #labels(name: string): readonly string[] {
    return Object.keys((METRICS as Readonly<Record<string, Definition>>)[name]?.labels ?? {})
  }

  #bounded(name: string, labels: Labels): Labels {
    const bounded: Record<string, string> = {}
    for (const label in labels) bounded[label] = this.#known(name, label, labels[label] ?? OTHER)
    return bounded
  }

  #known(name: string, label: string, value: string): string {
    return this.#allowed.get(`${name} ${label}`)?.has(value) === true ? value : OTHER
  }
}

/** One line of Prometheus' text format. */
export interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** Every sample of an answer of /metrics. */
const samplesOf = (text: string): readonly Sample[] =>
  text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [, name = '', labels = '', value = ''] = /^([a-z_]+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? []
      if (name === '') throw new Error(`not a sample: ${line}`)
      const pairs = [...labels.matchAll(/([a-z_]+)="((?:[^"\\]|\\.)*)"/g)]
      return {
        name,
        labels: Object.fromEntries(pairs.map(([, label, said]) => [label, said])),
        value: Number(value),
      }
    })

/** The metrics of a server, as this machine may ask for them. */
export class Scrape {
  readonly samples: readonly Sample[]

  private constructor(samples: readonly Sample[]) {
    this.samples = samples
  }

  static async of(url: string): Promise<Scrape> {
    const answer = await fetch(`${url}/metrics`)
    if (answer.status !== 200) throw new Error(`${answer.status} ${await answer.text()}`)
    return new Scrape(samplesOf(await answer.text()))
  }

  /** The one sample with these labels; undefined where it is not told. */
  value(name: string, labels: Readonly<Record<string, string>> = {}): number | undefined {
    const found = this.samples.filter(
      (sample) =>
        sample.name === name &&
        Object.entries(labels).every(([label, said]) => sample.labels[label] === said),
    )
    if (found.length > 1) throw new Error(`${name} is told ${found.length} times`)
    return found[0]?.value
  }
}

import { type Definition, METRICS, type Vocabulary } from '../../server/observe/metric-list.ts'

const KNOWN: Readonly<Record<keyof Vocabulary, string>> = {
  codes: 'a code of ERRORS.md',
  kinds: 'a kind of rooms that the server knows',
  versions: 'the version that runs',
}

/** The rows of docs/METRICS.md, as they have to be. */
export const rows = (): readonly string[] =>
  Object.entries<Definition>(METRICS).map(([name, { type, labels = {}, help }]) => {
    const said = Object.entries(labels).map(
      ([label, values]) => `\`${label}\`: ${typeof values === 'string' ? KNOWN[values] : values.join(', ')}`,
    )
    return `| \`${name}\` | ${type} | ${said.join('; ')} | ${help} |`
  })

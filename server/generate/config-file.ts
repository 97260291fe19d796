import { constantOf } from './channel.ts'
import { source } from './source.ts'

export const CONFIG_FILE = 'syncline.config.ts'

/** The lines by which a channel is named there. */
const importOf = (kind: string): string => `import { ${constantOf(kind)} } from './channels/${kind}.ts'`

const textOf = (kinds: readonly string[]): string => source`
  import { defineConfig } from 'syncline'
  ${kinds.map(importOf).join('\n')}

  /** The kinds of rooms that this application adds; read when the server starts. */
  export default defineConfig({
    kinds: [
  ${kinds.map((kind) => `    ${constantOf(kind)},`).join('\n')}
    ],
  })
`

/**
 * The file with one channel more; undefined where somebody has written in it: changing what one does not understand
 * is worse than asking.
 */
export function withChannel(present: string | undefined, kind: string): string | undefined {
  if (present === undefined) return textOf([kind])
  const known = [...present.matchAll(/ from '\.\/channels\/([a-z0-9-]+)\.ts'$/gm)].map(
    ([, name = '']) => name,
  )
  return textOf(known) === present ? textOf([...known.filter((name) => name !== kind), kind]) : undefined
}

/** What somebody has to write there by hand. */
export const advice = (kind: string): string =>
  `${CONFIG_FILE} is your own, so add this to it:\n  ${importOf(kind)}\n  and ${constantOf(kind)} to its kinds`

import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Block } from './blocks.ts'
import { type Addresses, addressed } from './folder.ts'

const COMMANDS = fileURLToPath(new URL('./commands.sh', import.meta.url))
const SOURCES = fileURLToPath(new URL('./sources.ts', import.meta.url))

/** What ends a session that is hopeless, in ms. */
const HOPELESS = 200_000

export interface Ran {
  readonly code: number
  /** Both streams; before what each block says stands where that block is. */
  readonly output: string
}

/**
 * The blocks of one page as one session of a shell, from top to bottom, as a reader types them: what one sets the next ones
 * have. Each line that fails ends it.
 */
export function runShell(
  blocks: readonly Block[],
  { folder, addresses, env }: { folder: string; addresses: Addresses; env: Readonly<Record<string, string>> },
): Promise<Ran> {
  const script = blocks.map(
    ({ page, line, text }) => `echo "── ${page}:${line}"\n${addressed(text, addresses)}`,
  )
  const options = {
    cwd: folder,
    timeout: HOPELESS,
    env: { ...process.env, NODE_OPTIONS: `--import ${SOURCES}`, ...env },
  }
  return new Promise((resolve) => {
    const child = execFile(
      'bash',
      ['-c', [`source ${COMMANDS}`, ...script].join('\n')],
      options,
      (_error, stdout, stderr) => resolve({ code: child.exitCode ?? 1, output: stdout + stderr }),
    )
  })
}

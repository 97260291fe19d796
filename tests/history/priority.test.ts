import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const PROGRAM = fileURLToPath(new URL('./outranked-worker.ts', import.meta.url))
/** Root may raise the priority of what it has; without this right it is as anybody else. */
const AS_ANYBODY = process.getuid?.() === 0 ? ['setpriv', '--bounding-set=-sys_nice'] : []

it('[HIS116] a server that was started at a low priority thins, reads and tries as any other', async () => {
  const [command = '', ...args] = [...AS_ANYBODY, 'nice', '-n', '15', process.execPath, PROGRAM]
  const { stdout } = await promisify(execFile)(command, args)
  expect(JSON.parse(stdout)).toEqual({ thinned: true, tried: {}, read: 'storage-unavailable' })
}, 60_000)

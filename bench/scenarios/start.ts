import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Figures, Scenario } from '../bench.ts'
import { freePort, ready } from '../peer.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** What a newcomer waits for, once the studio is built. */
export const start: Scenario = {
  name: 'start',
  title: '`npm start` on an empty folder until ready',
  columns: [{ figure: 'seconds', title: 'seconds', digits: 2 }],
  goals: [{ figure: 'seconds', atMost: 5 }],
  run: async (bench) => {
    // The first start may build the studio; that is not what is timed.
    await timed()
    const runs: number[] = []
    for (let round = 0; round < bench.pick(3, 1); round += 1) runs.push((await timed()).seconds ?? Number.NaN)
    runs.sort((a, b) => a - b)
    return new Map([['syncline', { seconds: runs[Math.floor(runs.length / 2)] ?? Number.NaN }]])
  },
}

async function timed(): Promise<Figures> {
  const folder = await mkdtemp(join(tmpdir(), 'syncline-start-'))
  const port = await freePort()
  const started = performance.now()
  const child = spawn('npm', ['start'], {
    cwd: ROOT,
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      PORT: String(port),
      DATA_DIR: folder,
      LOG_LEVEL: 'error',
    },
    stdio: ['ignore', 'ignore', 'inherit'],
    // npm does not pass signals on: its whole group is stopped.
    detached: true,
  })
  const ended = once(child, 'exit')
  try {
    await ready(child, `http://127.0.0.1:${port}/health/ready`, 120_000)
    return { seconds: (performance.now() - started) / 1000 }
  } finally {
    if (child.exitCode === null && child.pid !== undefined) process.kill(-child.pid, 'SIGTERM')
    await ended
    await rm(folder, { recursive: true, force: true, maxRetries: 20 })
  }
}

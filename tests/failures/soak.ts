/** `npm run soak -- [--minutes N] [--seed S]`: rounds of everything that can happen, until the time is over. */
import { existsSync, readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { findRedis } from '../../tools/redis/binary.ts'
import { Cluster } from './cluster.ts'
import { playRound, ROOMS } from './round.ts'
import { scheduleOf } from './schedule.ts'
import { say, type Verdict } from './verdict.ts'

const STRIKES = 4
/** The longest that something lasts, in edits: half a minute and less. */
const LONGEST = 1_500

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '30' }, seed: { type: 'string' } },
})
const minutes = Number(values.minutes)
const first = values.seed === undefined ? Math.floor(Math.random() * 1e6) : Number(values.seed)

/** How often memory is looked at, in ms. */
const SAMPLE = 2_000
/** A process grows until it has done everything once; that is left out, in minutes. */
const WARMING = 2

interface Sample {
  readonly minute: number
  readonly mebibytes: number
}

const print = (line: string): void => {
  process.stdout.write(`${line}\n`)
}

async function soak(): Promise<boolean> {
  const redis = await findRedis()
  const started = performance.now()
  const minute = () => (performance.now() - started) / 60_000
  const verdicts: Verdict[] = []
  let memory: Sample[] = []
  let cluster = await Cluster.start({ redis, spare: true })
  const watch = setInterval(() => {
    const mebibytes = residentOf(cluster.nodes.at(-1)?.server.pid)
    if (mebibytes !== undefined && minute() > WARMING) memory.push({ minute: minute(), mebibytes })
  }, SAMPLE)
  // Nothing that was started stays behind.
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => void cluster.dispose().then(() => process.exit(1)))
  try {
    for (let seed = first; minute() < minutes; seed += 1) {
      const { nodes } = cluster
      const schedule = scheduleOf({
        seed,
        nodes: nodes.length,
        rooms: ROOMS,
        count: STRIKES,
        ends: 'killed',
        longest: LONGEST,
      })
      const began = minute()
      const verdict = await playRound(cluster, schedule)
      verdicts.push(verdict)
      const seconds = ((minute() - began) * 60).toFixed(0)
      print(`${say(verdict)}  ${seconds} s: ${schedule.strikes.map(({ fault }) => fault).join(', ')}`)
      if (verdict.problems.length === 0) continue
      // What it has left behind must not be held against the next one.
      await cluster.dispose()
      cluster = await Cluster.start({ redis, spare: true })
      memory = []
    }
  } finally {
    clearInterval(watch)
    await cluster.dispose()
  }
  const problems = verdicts.flatMap((verdict) => verdict.problems)
  const acknowledged = verdicts.reduce((sum, verdict) => sum + verdict.acknowledged, 0)
  print(`\n${verdicts.length} rounds in ${minute().toFixed(1)} minutes`)
  print(say({ seed: first, acknowledged, problems }))
  print(memoryLine(memory))
  return problems.length === 0
}

/** Of a process, in MiB; undefined where there is none. */
function residentOf(pid: number | undefined): number | undefined {
  const path = `/proc/${pid}/status`
  if (!existsSync(path)) return undefined
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(path, 'utf8'))?.[1]) / 1024
}

/** The node that is never ended, and the straight line through what it took. */
function memoryLine(samples: readonly Sample[]): string {
  const [earliest] = samples
  const latest = samples.at(-1)
  if (earliest === undefined || latest === undefined || samples.length < 3) return 'memory: too short to say'
  const mean = (of: (sample: Sample) => number) =>
    samples.reduce((sum, one) => sum + of(one), 0) / samples.length
  const [x, y] = [mean((sample) => sample.minute), mean((sample) => sample.mebibytes)]
  const slope =
    mean((sample) => (sample.minute - x) * (sample.mebibytes - y)) /
    mean((sample) => (sample.minute - x) ** 2)
  const range = `${earliest.mebibytes.toFixed(0)} to ${latest.mebibytes.toFixed(0)} MiB`
  return `memory of the node that is never ended: ${range}, ${slope.toFixed(2)} MiB a minute`
}

process.exitCode = (await soak()) ? 0 : 1

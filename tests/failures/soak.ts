/** `npm run soak -- [--minutes N] [--seed S]`: rounds of everything that can happen, until the time is over. */
import { parseArgs } from 'node:util'
import { findRedis } from '../../tools/redis/binary.ts'
import type { ServerProcess } from '../support/server-process.ts'
import { Cluster } from './cluster.ts'
import { keepEvidence } from './evidence.ts'
import { measureMemory, sayMemory, slope, type Taken } from './memory.ts'
import { QuietReader } from './quiet-reader.ts'
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

/** A process grows until it has done everything once; that is left out, in minutes. */
const WARMING = 2

/** A server that keeps this much more each minute, in MiB, leaks; of fewer rounds nothing can be said. */
const STEEPEST = 0.5
const FEWEST = 10

const print = (line: string): void => {
  process.stdout.write(`${line}\n`)
}

function serverOf({ spare }: Cluster): ServerProcess {
  if (spare === undefined) throw new Error('no node is spared')
  return spare.server
}

async function soak(): Promise<boolean> {
  const redis = await findRedis()
  const started = performance.now()
  const minute = () => (performance.now() - started) / 60_000
  const verdicts: Verdict[] = []
  let memory: Taken[] = []
  let cluster = await Cluster.start({ redis, spare: true })
  let spared = serverOf(cluster)
  let reader = new QuietReader(spared.port)
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
      const played = await playRound(cluster, schedule)
      const verdict = { ...played, problems: [...played.problems, ...reader.problems()] }
      verdicts.push(verdict)
      const seconds = ((minute() - began) * 60).toFixed(0)
      print(`${say(verdict)}  ${seconds} s: ${schedule.strikes.map(({ fault }) => fault).join(', ')}`)
      if (verdict.problems.length === 0) {
        if (minute() > WARMING) memory.push(await measureMemory(spared, minute()))
        continue
      }
      print(`  kept in ${await keepEvidence(cluster, verdict)}`)
      // What it has left behind must not be held against the next one.
      reader.destroy()
      await cluster.dispose()
      cluster = await Cluster.start({ redis, spare: true })
      spared = serverOf(cluster)
      reader = new QuietReader(spared.port)
      memory = []
    }
  } finally {
    reader.destroy()
    await cluster.dispose()
  }
  const problems = verdicts.flatMap((verdict) => verdict.problems)
  const acknowledged = verdicts.reduce((sum, verdict) => sum + verdict.acknowledged, 0)
  print(`\n${verdicts.length} rounds in ${minute().toFixed(1)} minutes`)
  print(say({ seed: first, acknowledged, problems }))
  print(sayMemory(memory))
  const leaks = memory.length >= FEWEST && slope(memory, 'heap') > STEEPEST
  return problems.length === 0 && !leaks
}

process.exitCode = (await soak()) ? 0 : 1

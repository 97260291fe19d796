import { type Bench, Skipped } from '../bench.ts'
import { recordedUpdates, type } from '../load/recording.ts'
import type { PeerName } from '../peer.ts'

/** A long document, typed into a peer once for all scenarios that need it. */
export const RECORDED_ROOM = 'doc:recording'

const QUICK_LIMIT = 30_000

let updates: Promise<Uint8Array[]> | undefined
const typed = new Set<PeerName>()

/** Resolves to the number of edits. The whole history went through the peer's own socket. */
export async function typeRecording(
  bench: Bench,
  name: PeerName,
  settled: () => Promise<boolean>,
): Promise<number> {
  if (bench.trace === undefined) throw new Skipped('--trace PATH names no recording')
  updates ??= recordedUpdates(bench.trace, bench.pick(Number.POSITIVE_INFINITY, QUICK_LIMIT))
  const all = await updates
  if (typed.has(name)) return all.length
  typed.add(name)
  await bench.using(name, async (peer) => {
    const started = performance.now()
    await type(peer, RECORDED_ROOM, all)
    const seconds = (performance.now() - started) / 1000
    bench.log(`  ${name}: ${all.length} edits typed in ${seconds.toFixed(1)} s`)
    const deadline = performance.now() + 60_000
    while (!(await settled())) {
      if (performance.now() > deadline) throw new Error(`${name} did not store the recording`)
    }
  })
  return all.length
}

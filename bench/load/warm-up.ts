import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { Bench } from '../bench.ts'
import type { Peer } from '../peer.ts'
import { Client } from './client.ts'
import { pace, until } from './pace.ts'

const RATE = 1_000
const SECONDS = 20
/** So long a server that does not keep up with it may take, and then to come to rest, in ms. */
const WITHIN = 120_000
/** A room is indexed once it was quiet for 5 s. What that takes is not to fall into what is measured. */
const QUIET = 6_000
/** A server is calm that took no more than so much of a second, in ms. */
const CALM = 50

/**
 * One person types for another, until V8 has compiled for good what each edit runs through: a server runs for weeks. In
 * `cluster-edit` one edit took ours 0.87 ms after 2,400 edits and 0.78 after 30,000, and stock 2.3 either way.
 */
export async function warmUp(bench: Bench, from: Peer, to = from): Promise<void> {
  const room = `doc:${randomUUID()}`
  const writer = await Client.open(from, room)
  const reader = await Client.open(to, room)
  let seen = 0
  reader.onTyped = (_, __, length) => {
    seen += length
  }
  await pace(RATE, bench.pick(SECONDS, 1), () => writer.type())
  await until(() => seen === writer.typed, WITHIN)
  await Promise.all([writer.close(), reader.close()])
  await rest(bench, [from, to])
}

/** Until what is done once it was quiet for a while is done. */
export async function rest(bench: Bench, peers: readonly Peer[]): Promise<void> {
  await pause(bench.pick(QUIET, 0))
  await Promise.all(peers.map(calm))
}

async function calm(peer: Peer): Promise<void> {
  const deadline = performance.now() + WITHIN
  for (let before = Number.NEGATIVE_INFINITY; peer.cpu() - before > CALM; ) {
    if (performance.now() > deadline) throw new Error(`${peer.name} does not come to rest`)
    before = peer.cpu()
    await pause(1_000)
  }
}

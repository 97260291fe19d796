import { randomUUID } from 'node:crypto'
import { API_PREFIX } from '../../server/protocol.ts'
import type { Figures, Scenario } from '../bench.ts'
import { Skipped } from '../bench.ts'
import { Client } from '../load/client.ts'
import type { Peer } from '../peer.ts'

/** What is sent at once before the revocation, and waits in the server's queue. */
const QUEUED = 2_000
const WATCHED_MS = 2_000

/** A person is revoked in the middle of a burst: what is applied after it, and how long bytes still come. */
export const revocation: Scenario = {
  name: 'hostile-revocation',
  title: `a revocation behind ${QUEUED} edits`,
  columns: [
    { figure: 'before', title: 'edits applied before it', digits: 0 },
    { figure: 'after', title: 'edits applied after it', digits: 0 },
    { figure: 'last', title: 'last byte after it, ms', digits: 0 },
  ],
  goals: [
    { figure: 'after', atMost: 0 },
    { figure: 'last', atMost: 1_000 },
  ],
  run: (bench) => bench.repeat(['syncline'], bench.pick(3, 1), revoked),
}

async function revoked(peer: Peer): Promise<Figures> {
  const room = `doc:${randomUUID()}`
  const mallory = await Client.open(peer, room, peer.signToken('mallory', { 'doc:*': 'write' }))
  const witness = await Client.open(peer, room)
  let seen = 0
  let heardAt = 0
  witness.onTyped = (client, clock, length) => {
    if (client === mallory.id) seen = Math.max(seen, clock + length)
  }
  mallory.onFrame = () => {
    heardAt = performance.now()
  }
  for (let i = 0; i < QUEUED; i += 1) mallory.type()
  const url = `${peer.address.replace(/^ws/, 'http').replace(/\/sync$/, '')}${API_PREFIX}/access/revoke`
  const headers = {
    authorization: `Bearer ${peer.signToken('operator', { '*:*': 'admin' })}`,
    'content-type': 'application/json',
  }
  const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ user: 'mallory' }) })
  if (answer.status === 404) throw new Skipped('this server has no route to revoke with')
  if (!answer.ok) throw new Error(`the revocation was answered ${answer.status}: ${await answer.text()}`)
  const at = performance.now()
  // What was applied before the answer goes out with the next flush, which is not after it.
  await new Promise((resolve) => setTimeout(resolve, 100))
  const applied = seen
  await new Promise((resolve) => setTimeout(resolve, WATCHED_MS))
  await Promise.all([mallory.close(), witness.close()])
  return { before: applied, after: seen - applied, last: Math.max(0, heardAt - at) }
}

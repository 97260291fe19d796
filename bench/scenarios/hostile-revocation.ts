import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { API_PREFIX } from '../../server/protocol.ts'
import { type Bench, type Figures, type Scenario, Skipped } from '../bench.ts'
import { Client } from '../load/client.ts'
import type { Peer } from '../peer.ts'

/** What is sent at once before the revocation, and waits in the server's queue. */
const QUEUED = 20_000
const WATCHED_MS = 3_000

/** A person is revoked in the middle of a burst: what is applied after it, and how long bytes still come. */
export const revocation: Scenario = {
  name: 'hostile-revocation',
  title: `a revocation behind ${QUEUED} edits`,
  columns: [
    { figure: 'answered', title: 'answered after, ms', digits: 0 },
    { figure: 'before', title: 'edits applied before it', digits: 0 },
    { figure: 'after', title: 'edits applied after it', digits: 0 },
    { figure: 'last', title: 'last byte after it, ms', digits: 0 },
  ],
  goals: [
    { figure: 'after', atMost: 0 },
    { figure: 'answered', atMost: 1_000 },
    { figure: 'last', atMost: 1_000 },
  ],
  run: (bench) => bench.repeat(['syncline'], bench.pick(3, 1), (peer) => revoked(bench, peer)),
}

async function revoked(bench: Bench, peer: Peer): Promise<Figures> {
  const room = `doc:${randomUUID()}`
  const user = `mallory-${randomUUID()}`
  const mallory = await Client.open(peer, room, peer.signToken(user, { 'doc:*': 'write' }))
  let heardAt = 0
  mallory.onFrame = () => {
    heardAt = performance.now()
  }
  for (let i = 0; i < QUEUED; i += 1) mallory.type()
  const asked = performance.now()
  await revoke(peer, user)
  const revokedAt = Date.now()
  const answered = performance.now()
  await pause(WATCHED_MS)
  await mallory.close()
  // The newest entries are never packed. An entry's time is when the server applied it: what this process hears late is not held against it.
  const [counts] = await bench.postgres.query<{ before: number; after: number }>(
    'syncline',
    `select head::int - after as before, after from rooms, lateral
       (select count(*)::int as after from room_updates where room_id = rooms.id and at > $2) newer
     where name = $1`,
    [room, new Date(revokedAt)],
  )
  const { before = 0, after = 0 } = counts ?? {}
  return { answered: answered - asked, before, after, last: Math.max(0, heardAt - answered) }
}

async function revoke(peer: Peer, user: string): Promise<void> {
  const url = `${peer.address.replace(/^ws/, 'http').replace(/\/sync$/, '')}${API_PREFIX}/access/revoke`
  const token = peer.signToken('operator', { '*:*': 'admin' })
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ user }) })
  if (answer.status === 404) throw new Skipped('this server has no route to revoke with')
  if (!answer.ok) throw new Error(`the revocation was answered ${answer.status}: ${await answer.text()}`)
}

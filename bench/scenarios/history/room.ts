import { setTimeout as pause } from 'node:timers/promises'
import { API_PREFIX } from '../../../server/protocol.ts'
import { type Bench, median } from '../../bench.ts'
import { type } from '../../load/recording.ts'
import { type Peer, startPeer } from '../../peer.ts'
import { recording } from '../recording.ts'

export const ROOM = 'doc:history'
export const DATABASE = 'history'
/** Entries that packing leaves as they are. */
const UNPACKED = 3_000
/** In ms. A room that is never packed is a fault, and not a reason to wait for ever. */
const PACKED_WITHIN = 60_000

export async function using<Result>(
  bench: Bench,
  options: { readonly program?: string; readonly database?: string },
  act: (peer: Peer) => Promise<Result>,
): Promise<Result> {
  const peer = await startPeer('syncline', bench.postgres, { database: DATABASE, ...options })
  try {
    return await act(peer)
  } finally {
    await peer.kill()
  }
}

export const address = ({ address: ws }: Peer, room: string, what: string): string =>
  `${new URL(ws.replace(/^ws/, 'http')).origin}${API_PREFIX}/rooms/${room}/${what}`

export async function get(peer: Peer, url: string): Promise<Uint8Array> {
  const answer = await fetch(url, { headers: { authorization: `Bearer ${peer.token}` } })
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${await answer.text()}`)
  return new Uint8Array(await answer.arrayBuffer())
}

let written: Promise<void> | undefined

/** The recording in a room of its own, packed and indexed; made once for all scenarios that need it. */
export function writeRoom(bench: Bench): Promise<void> {
  written ??= using(bench, {}, async (peer) => {
    await type(peer, ROOM, await recording(bench))
    await packedAndIndexed(bench, peer)
  })
  return written
}

async function packedAndIndexed(bench: Bench, peer: Peer): Promise<void> {
  const deadline = performance.now() + PACKED_WITHIN
  for (;;) {
    const [row] = await bench.postgres.query<{ count: string }>(DATABASE, 'select count(*) from room_updates')
    if (Number(row?.count) <= UNPACKED) break
    if (performance.now() > deadline) throw new Error('the room was not packed in time')
    await pause(500)
  }
  await get(peer, address(peer, ROOM, 'timeline'))
}

/** The median, in ms. */
export async function timed(times: number, act: () => Promise<unknown>): Promise<number> {
  const measured: number[] = []
  for (let i = 0; i < times; i += 1) {
    const started = performance.now()
    await act()
    measured.push(performance.now() - started)
  }
  return median(measured)
}

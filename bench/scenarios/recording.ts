import { setTimeout as pause } from 'node:timers/promises'
import * as Y from 'yjs'
import { type Bench, Skipped } from '../bench.ts'
import { recordedUpdates, type } from '../load/recording.ts'

/** A long document, made once for all scenarios that need it. */
export const RECORDED_ROOM = 'doc:recording'

const QUICK_LIMIT = 30_000
const PACKED_WITHIN = 60_000
/** What packing leaves unpacked: the newest entries, and less than a segment beside them. */
const LEFT = 3000

let updates: Promise<Uint8Array[]> | undefined
let typed = false

export function recording(bench: Bench): Promise<Uint8Array[]> {
  if (bench.trace === undefined) throw new Skipped('--trace PATH names no recording')
  updates ??= recordedUpdates(bench.trace, bench.pick(Number.POSITIVE_INFINITY, QUICK_LIMIT))
  return updates
}

/** Types it into the server that keeps all history, through its own socket; resolves when most of it is packed. */
export async function typeRecording(bench: Bench): Promise<void> {
  const all = await recording(bench)
  if (typed) return
  typed = true
  await bench.using('syncline', async (peer) => {
    const started = performance.now()
    await type(peer, RECORDED_ROOM, all)
    const seconds = (performance.now() - started) / 1000
    bench.log(`  ${all.length} edits typed in ${seconds.toFixed(1)} s`)
    const deadline = performance.now() + PACKED_WITHIN
    while ((await unpacked(bench)) > LEFT) {
      if (performance.now() > deadline) throw new Error('The recording was not packed in time')
      await pause(500)
    }
    bench.log(`  packed ${((performance.now() - started) / 1000 - seconds).toFixed(1)} s later`)
  })
}

/** Gives stock what it would have stored: the state, without its history. */
export async function storeRecording(bench: Bench): Promise<void> {
  const doc = new Y.Doc()
  const all = await recording(bench)
  doc.transact(() => {
    for (const update of all) Y.applyUpdate(doc, update)
  })
  const state = Buffer.from(Y.encodeStateAsUpdate(doc))
  await bench.using('stock', async () => {
    await bench.postgres.query(
      'stock',
      'insert into documents (name, data) values ($1, $2) on conflict (name) do update set data = excluded.data',
      [RECORDED_ROOM, state],
    )
  })
}

export async function unpacked(bench: Bench): Promise<number> {
  const [row] = await bench.postgres.query<{ count: string }>(
    'syncline',
    'select count(*) from room_updates join rooms on rooms.id = room_id where name = $1',
    [RECORDED_ROOM],
  )
  return Number(row?.count)
}

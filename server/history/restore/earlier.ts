import { createHash } from 'node:crypto'
import type { RoomId } from '../../log/entry.ts'
import type { Queryable } from '../../storage/transaction.ts'
import type { RestoreTarget } from './target.ts'

/** Remembers, before it is done, that this is going to be restored under that client id. */
export async function rememberRestore(
  db: Queryable,
  room: RoomId,
  target: RestoreTarget,
  client: number,
): Promise<void> {
  await db.query('insert into restores (room_id, target, client) values ($1, $2, $3)', [
    room,
    hashOf(target),
    client,
  ])
}

/** The client ids under which the very same was restored before, if all went well. */
export async function earlierRestores(
  db: Queryable,
  room: RoomId,
  target: RestoreTarget,
): Promise<readonly number[]> {
  const { rows } = await db.query<{ client: string }>(
    'select client from restores where room_id = $1 and target = $2',
    [room, hashOf(target)],
  )
  return rows.map(({ client }) => Number(client))
}

/** Targets are made in one place each, so their fields are always in the same order. */
function hashOf(target: RestoreTarget): Buffer {
  const same =
    'hunks' in target ? { ...target, hunks: [...new Set(target.hunks)].sort((a, b) => a - b) } : target
  return createHash('sha256').update(JSON.stringify(same)).digest()
}

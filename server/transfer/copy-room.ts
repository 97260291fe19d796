import type pg from 'pg'
import { recordAct } from '../access/audit.ts'
import { INBOX_KIND } from '../access/inbox-rule.ts'
import { parseRoomName } from '../access/room-name.ts'
import { lastGoodEntry } from '../documents/last-good.ts'
import { Sandbox, type SandboxOptions } from '../documents/sandbox.ts'
import { SynclineError } from '../errors.ts'
import type { Seq } from '../log/entry.ts'
import type { Log } from '../log/log.ts'
import { insertLog } from './insert-room.ts'
import { withLog } from './source.ts'

/** What a room's name may have at most. */
const MAX_NAME = 200

const IS_COPY = `select from audit_log where act = 'room.copy' and subject = $1 and details->>'copy' = $2`

export interface RoomCopy {
  readonly room: string
  /** The last entry of the original that the copy has. */
  readonly until: Seq
  /** Of the original. */
  readonly entries: Seq
}

/**
 * Makes a room of what can be opened of a quarantined one: its entries, with their authors and times, up to the last
 * good one. The original stays as it is. Asked again, also on another node at once, it is the same copy.
 * @throws SynclineError `room-not-found`, `request-invalid` where the room is not quarantined or another room has the
 *   name, `room-deleted` where the copy was deleted, `room-damaged` where nothing of the room can be opened,
 *   `rate-limited` where the machine is too busy to know
 */
export async function copyGoodPart(
  { pool, log, sandbox: options }: CopyParts,
  name: string,
  by: string,
): Promise<RoomCopy> {
  if (parseRoomName(name).kind === INBOX_KIND)
    throw new SynclineError('request-invalid', 'an inbox belongs to the person in its name: it has no copy')
  const found = await log.inspect(name)
  if (found === undefined) throw new SynclineError('room-not-found')
  if (found.quarantine === undefined)
    throw new SynclineError('request-invalid', 'the room is not quarantined: it can be opened as it is')
  const { room } = found
  const sandbox = new Sandbox(options)
  const until = await lastGoodEntry(log, room, sandbox).finally(() => sandbox.close())
  if (until === 0) throw new SynclineError('room-damaged', 'not even its first entry can be opened')
  const copy = copyName(name, until)
  const shown = await titleOf(pool, name)
  const insertion = await withLog(pool, { name, until }, ({ header, entries }) => {
    const made = { ...header, room: copy, createdAt: new Date().toISOString(), createdBy: by }
    return insertLog(pool, copy, made, entries, {
      shown: () => shown,
      // What came of these events has come of them already.
      followed: false,
      record: (client) =>
        recordAct(client, { actor: by, act: 'room.copy', subject: name, details: { copy, until } }),
    })
  })
  if (insertion === 'deleted') throw new SynclineError('room-deleted', `the copy ${copy} was deleted`)
  if (insertion === 'there' && (await pool.query(IS_COPY, [name, copy])).rowCount === 0)
    throw new SynclineError('request-invalid', `${copy} is there, and is no copy of this room`)
  return { room: copy, until, entries: room.head }
}

export interface CopyParts {
  readonly pool: pg.Pool
  readonly log: Log
  /** What opening a room may take here. */
  readonly sandbox: SandboxOptions
}

/** Of the kind of the original, and the same each time. */
function copyName(name: string, until: Seq): string {
  const suffix = `-copy-${until}`
  return `${name.slice(0, MAX_NAME - suffix.length).replace(/[\uD800-\uDBFF]$/, '')}${suffix}`
}

async function titleOf(pool: pg.Pool, name: string) {
  const { rows } = await pool.query<{ title: string | null; editor: string | null }>(
    'select title, editor from rooms where name = $1',
    [name],
  )
  return rows[0] ?? { title: null, editor: null }
}

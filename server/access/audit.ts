import type pg from 'pg'
import { SynclineError } from '../errors.ts'
import { isStorageFailure } from '../storage/failure.ts'
import type { Queryable } from '../storage/transaction.ts'

/** All acts that there are. The studio has words for each, which a test holds. */
export const ACTS = [
  'access.revoke',
  'alert.delete',
  'alert.set',
  'person.erase',
  'room.copy',
  'room.erase',
  'room.purge',
  'room.release',
  'room.retain',
  'webhook.change',
  'webhook.create',
  'webhook.delete',
  'webhook.replay',
  'webhook.rotate',
  'webhook.switch-off',
  'webhook.test',
] as const
export type Act = (typeof ACTS)[number]

/** An administrative act: who did what to whom or what. */
export interface AuditEntry {
  /** The user id in the token of whoever did it. */
  readonly actor: string
  readonly act: Act
  /** Such as `user:ada` or `doc:readme`. */
  readonly subject: string
  readonly details: Readonly<Record<string, unknown>>
}

interface RecordedAct extends Omit<AuditEntry, 'act'> {
  /** One of `ACTS`, or of a version that had others. */
  readonly act: string
  readonly id: number
  readonly at: Date
  /** What the actor was last called; null where nobody said it. */
  readonly name: string | null
}

const INSERT = 'insert into audit_log (actor, act, subject, details) values ($1, $2, $3, $4)'

const LIST = `
  select a.id::float8 as id, at, actor, name, act, subject, details
  from audit_log a left join people p on p.id = a.actor
  where ($1::bigint is null or a.id < $1) and ($2::text is null or act = $2) and ($3::text is null or actor = $3)
  order by a.id desc
  limit $4`

/** To be called in the transaction of the act itself, so that there is never one without the other. */
export async function recordAct(
  client: Queryable,
  { actor, act, subject, details }: AuditEntry,
): Promise<void> {
  await client.query(INSERT, [actor, act, subject, JSON.stringify(details)])
}

interface AuditQuery {
  readonly limit: number
  /** Acts before the one with this id. */
  readonly before?: number | undefined
  readonly act?: string | undefined
  readonly actor?: string | undefined
}

export interface AuditLog {
  /** The newest acts that are asked for, newest first. @throws SynclineError `storage-unavailable` */
  list(query: AuditQuery): Promise<readonly RecordedAct[]>
}

export const createAuditLog = (pool: Pick<pg.Pool, 'query'>): AuditLog => ({
  list: async ({ limit, before, act, actor }) => {
    try {
      const values = [before ?? null, act ?? null, actor ?? null, limit]
      return (await pool.query<RecordedAct>(LIST, values)).rows
    } catch (error) {
      if (!isStorageFailure(error)) throw error
      throw new SynclineError('storage-unavailable', undefined, { cause: error })
    }
  },
})

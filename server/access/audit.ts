import type pg from 'pg'
import { SynclineError } from '../errors.ts'
import { isStorageFailure } from '../storage/failure.ts'
import type { Queryable } from '../storage/transaction.ts'

/** An administrative act: who did what to whom or what. */
export interface AuditEntry {
  /** The user id in the token of whoever did it. */
  readonly actor: string
  /** Such as `access.revoke`. */
  readonly act: string
  /** Such as `user:ada` or `doc:readme`. */
  readonly subject: string
  readonly details: Readonly<Record<string, unknown>>
}

interface RecordedAct extends AuditEntry {
  readonly id: number
  readonly at: Date
}

const INSERT = 'insert into audit_log (actor, act, subject, details) values ($1, $2, $3, $4)'

const LIST = `
  select id::float8 as id, at, actor, act, subject, details from audit_log
  where ($1::bigint is null or id < $1)
  order by id desc
  limit $2`

/** To be called in the transaction of the act itself, so that there is never one without the other. */
export async function recordAct(
  client: Queryable,
  { actor, act, subject, details }: AuditEntry,
): Promise<void> {
  await client.query(INSERT, [actor, act, subject, JSON.stringify(details)])
}

export interface AuditLog {
  /** The newest `limit` acts before the one with the id `before`, newest first. */
  list(limit: number, before?: number): Promise<readonly RecordedAct[]>
}

export const createAuditLog = (pool: Pick<pg.Pool, 'query'>): AuditLog => ({
  list: async (limit, before) => {
    try {
      return (await pool.query<RecordedAct>(LIST, [before ?? null, limit])).rows
    } catch (error) {
      if (!isStorageFailure(error)) throw error
      throw new SynclineError('storage-unavailable', undefined, { cause: error })
    }
  },
})

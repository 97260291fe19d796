import { createHash, randomBytes } from 'node:crypto'
import type pg from 'pg'
import { SynclineError } from '../errors.ts'
import { isStorageFailure } from '../storage/failure.ts'
import type { Queryable } from '../storage/transaction.ts'
import type { Identity } from './identity.ts'

/** Of one person, newest first: each page that they have open needs one. */
const KEPT = 200

const INSERT = `
with surplus as (
  delete from event_tickets where hash in (
    select hash from event_tickets where user_id = $3 order by made_at desc offset ${KEPT - 1}
  )
)
insert into event_tickets (hash, room, user_id, identity, expires_at)
values ($1, $2, $3, $4, to_timestamp($5 / 1000.0))`

const hashOf = (ticket: string): Buffer => createHash('sha256').update(ticket).digest()

/** Of a room that is erased: each names it, and who had asked for it. */
export async function deleteTickets(client: Queryable, room: string): Promise<void> {
  await client.query('delete from event_tickets where room = $1', [room])
}

/**
 * Tickets for the events of one room, for whoever cannot send a token in a header. Each stands for the token that it
 * was given for: it expires with it, and is worth nothing once that is revoked.
 */
export class Tickets {
  readonly #pool: pg.Pool

  constructor(pool: pg.Pool) {
    this.#pool = pool
  }

  /** @throws SynclineError `storage-unavailable` */
  async issue(identity: Identity, room: string): Promise<string> {
    const ticket = randomBytes(18).toString('base64url')
    const { user, expiresAt } = identity
    await this.#query(INSERT, [hashOf(ticket), room, user, identity, expiresAt])
    return ticket
  }

  /** @throws SynclineError `token-invalid` where it is none of this room, `token-expired`, `storage-unavailable` */
  async redeem(ticket: string, room: string): Promise<Identity> {
    const rows = await this.#query<{ room: string; identity: Identity }>(
      'select room, identity from event_tickets where hash = $1',
      [hashOf(ticket)],
    )
    const [row] = rows
    if (row === undefined || row.room !== room)
      throw new SynclineError('token-invalid', 'it is no ticket of this room')
    if (row.identity.expiresAt <= Date.now()) throw new SynclineError('token-expired')
    return row.identity
  }

  /** @throws SynclineError `storage-unavailable` */
  async deleteExpired(): Promise<void> {
    await this.#query('delete from event_tickets where expires_at < now()', [])
  }

  async #query<Row extends pg.QueryResultRow>(
    text: string,
    values: readonly unknown[],
  ): Promise<readonly Row[]> {
    try {
      return (await this.#pool.query<Row>(text, [...values])).rows
    } catch (error) {
      if (!isStorageFailure(error)) throw error
      throw new SynclineError('storage-unavailable', undefined, { cause: error })
    }
  }
}

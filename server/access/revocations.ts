import type pg from 'pg'
import { SynclineError } from '../errors.ts'
import { isStorageFailure } from '../storage/failure.ts'
import { Feed } from '../storage/feed.ts'
import type { Pulse } from '../storage/pulse.ts'
import { inTransaction } from '../storage/transaction.ts'
import { recordAct } from './audit.ts'
import type { Identity } from './identity.ts'
import {
  insertRevocation,
  NEWEST_REVOCATION,
  type Revocation,
  type RevocationSubject,
  revocationsSince,
} from './revocation-table.ts'

/** Takes the place of "any" in the maps below; no user id and no room's name is empty. */
const ANY = ''

/**
 * All revocations, in memory: they are asked about at every join and every request. The table is the truth for
 * all nodes; this is a copy of it that is less than a second old while the database answers. While it does not,
 * nobody can revoke, join a room or save.
 */
export class Revocations {
  readonly #pool: pg.Pool
  /** Person to room to the time of the newest revocation. */
  readonly #known = new Map<string, Map<string, number>>()
  readonly #listeners = new Set<(revocation: Revocation) => void>()
  readonly #feed: Feed<Revocation>

  constructor(pool: pg.Pool) {
    this.#pool = pool
    this.#feed = new Feed({ newest: NEWEST_REVOCATION, since: revocationsSince }, (revocation) =>
      this.#learn(revocation),
    )
  }

  /** Reads all there are, and from then on, until the pulse stops, what is new. */
  start(pulse: Pulse): Promise<void> {
    return this.#feed.start(pulse, this.#pool)
  }

  /** Calls back for each revocation, of whichever node, as soon as it is known here. */
  onRevoked(listener: (revocation: Revocation) => void): void {
    this.#listeners.add(listener)
  }

  /**
   * Takes away what every token issued until now gives to that person, in that room, or both.
   * @throws SynclineError `storage-unavailable`; then nothing is revoked, or it comes with the next beat.
   */
  async revoke(subject: RevocationSubject, actor: string): Promise<Revocation> {
    const { user, room } = subject
    try {
      const revocation = await inTransaction(this.#pool, async (client) => {
        const revoked = await insertRevocation(client, subject)
        await recordAct(client, {
          actor,
          act: 'access.revoke',
          subject: user === undefined ? `${room}` : `user:${user}`,
          details: { user: user ?? null, room: room ?? null },
        })
        return revoked
      })
      this.#learn(revocation)
      return revocation
    } catch (error) {
      if (!isStorageFailure(error)) throw error
      throw new SynclineError('storage-unavailable', undefined, { cause: error })
    }
  }

  /**
   * Refuses a token that was issued before a revocation: one of its bearer, or, where a room is given, one of
   * the room or of its bearer there.
   * @throws SynclineError `revoked`
   */
  check({ user, issuedAt }: Pick<Identity, 'user' | 'issuedAt'>, room?: string): void {
    if (this.#known.size === 0) return
    const own = this.#known.get(user)
    const times = [own?.get(ANY)]
    if (room !== undefined) times.push(own?.get(room), this.#known.get(ANY)?.get(room))
    if (times.some((at) => at !== undefined && issuedAt <= at)) throw new SynclineError('revoked')
  }

  /** The rooms in which alone the token is worth nothing, for lists to leave out. */
  roomsTakenFrom({ user, issuedAt }: Pick<Identity, 'user' | 'issuedAt'>): readonly string[] {
    return [user, ANY].flatMap((whose) =>
      [...(this.#known.get(whose) ?? [])]
        .filter(([room, at]) => room !== ANY && issuedAt <= at)
        .map(([room]) => room),
    )
  }

  #learn(revocation: Revocation): void {
    const { user = ANY, room = ANY, at } = revocation
    const rooms = this.#known.get(user) ?? new Map<string, number>()
    if ((rooms.get(room) ?? 0) >= at) return
    this.#known.set(user, rooms.set(room, at))
    for (const listener of this.#listeners) listener(revocation)
  }
}

/** Whether a revocation takes a token issued at that time away from its bearer in that room. */
export const concerns = (
  revocation: Revocation,
  { user, issuedAt }: Pick<Identity, 'user' | 'issuedAt'>,
  room: string,
): boolean =>
  issuedAt <= revocation.at &&
  (revocation.user === undefined || revocation.user === user) &&
  (revocation.room === undefined || revocation.room === room)

import { pino } from 'pino'
import { onTestFinished } from 'vitest'
import { ActivityFollower } from '../../server/activity/follower.ts'
import { LinkCopies } from '../../server/activity/link-copies.ts'
import { activityTypes } from '../../server/activity/types.ts'
import { BUILT_IN } from '../../server/channels/kinds/built-in.ts'
import type { Log } from '../../server/log/log.ts'
import type { Database } from '../../server/storage/database.ts'
import { inTransaction } from '../../server/storage/transaction.ts'
import { database, openLog } from '../log/fixture.ts'

const TYPES = activityTypes(BUILT_IN)

interface Said {
  readonly type: string
  readonly payload?: unknown
  readonly actor?: string
  readonly at?: number
  readonly id?: string
}

export interface Ground {
  readonly db: Database
  readonly log: Log
  /** Commits events and has them followed; returns their seqs. */
  say(room: string, ...events: readonly Said[]): Promise<readonly number[]>
  /** Commits them without. */
  commit(room: string, ...events: readonly Said[]): Promise<readonly number[]>
  readonly follower: ActivityFollower
  /** Has these followed, as often as one likes. */
  follow(room: string, seqs: readonly number[]): Promise<void>
  room(name: string): Promise<number>
  /** As another start of the server has them. */
  copies(): LinkCopies
}

let ids = 0

/** A database of the test's own, with a log, and the follower in the place of the worker that calls it. */
export async function ground(): Promise<Ground> {
  const { db } = await database()
  const log = openLog(db)
  const follower = new ActivityFollower(TYPES)
  const opened = async (name: string) => {
    const held = await log.open(name, 'ada')
    if (held === undefined) throw new Error(`no room ${name}`)
    onTestFinished(() => held.release())
    return held.room
  }
  const commit: Ground['commit'] = async (name, ...events) => {
    const room = await opened(name)
    const before = room.head
    for (const { type, payload = {}, actor = 'ada', at = Date.now(), id = `id-${ids++}` } of events)
      room.append({ actor, at, bytes: Buffer.from(JSON.stringify(payload)), event: { type, id } })
    await room.durable()
    return events.map((_, index) => before + index + 1)
  }
  const follow: Ground['follow'] = async (name, seqs) => {
    const { id } = await opened(name)
    const events = await log.events(id, { after: 0, until: Number.MAX_SAFE_INTEGER, limit: 100_000 })
    const chosen = events.filter(({ seq, type }) => seqs.includes(seq) && follower.types.includes(type))
    await inTransaction(db.pool, (client) => follower.follow(client, { id, name }, chosen))
  }
  return {
    db,
    log,
    follower,
    commit,
    follow,
    say: async (room, ...events) => {
      const seqs = await commit(room, ...events)
      await follow(room, seqs)
      return seqs
    },
    room: async (name) => (await opened(name)).id,
    copies: () => new LinkCopies({ pool: db.pool, types: TYPES, logger: pino({ level: 'silent' }) }),
  }
}

/** All that a project has, newest first: who did what in which room. */
export async function activitiesOf({ db }: Pick<Ground, 'db'>, project = 'project:web') {
  const { rows } = await db.pool.query<{
    room: string
    type: string
    actor: string
    text: string
    seq: string
  }>(
    `select a.room, a.type, a.actor, a.text, a.seq from activities a join activity_projects p on p.id = project_id
     where p.room = $1 order by a.at desc, a.id desc`,
    [project],
  )
  return rows
}

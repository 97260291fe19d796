import type { Authorizer } from '../access/authorizer.ts'
import { atLeast } from '../access/grants.ts'
import type { Identity } from '../access/identity.ts'
import type { Revocations } from '../access/revocations.ts'
import type { Logger } from '../observe/log.ts'
import type { Role } from '../protocol.ts'
import type { Queryable } from '../storage/transaction.ts'

/** What is said to whoever listens in a project's room: that there is something new, and nothing of it. */
const SIGNAL = 'syncline.activity'
/** How often the projects are asked for that somebody looks at, in ms. */
const POLL = 500
/** Changes of a project that are looked at each time; of more, everybody is told. */
const MOST = 500

const PROJECT = 'project:'

interface Changed {
  readonly project: string
  readonly changes: string
  /** How much that is, up to one more than is looked at. */
  readonly count: number
  /** Rooms and types of it. */
  readonly rooms: readonly (readonly [room: string, type: string])[]
}

const CHANGED = `
  select w.room as project, p.changes, c.count, c.rooms
  from unnest($1::text[], $2::bigint[]) as w(room, since) join activity_projects p on p.room = w.room
    cross join lateral (
      select count(*)::int as count, coalesce(jsonb_agg(distinct jsonb_build_array(a.room, a.type)), '[]') as rooms
      from (select room, type from activities where project_id = p.id and change > w.since
        order by change desc limit ${MOST + 1}) a) c
  where p.changes > w.since`

export interface ActivityWatchOptions {
  readonly db: Queryable
  readonly authorizer: Pick<Authorizer, 'decide'>
  readonly revocations: Pick<Revocations, 'roomsTakenFrom'>
  readonly types: ReadonlyMap<string, Role>
  readonly logger: Logger
  readonly signals: {
    readonly rooms: Iterable<string>
    sendHere(
      room: string,
      type: string,
      payload: unknown,
      isFor: (identity: Identity) => Promise<boolean>,
    ): Promise<void>
  }
}

/**
 * Tells those who look at a project that there is something new, whichever node or thread has written it. Somebody who
 * may not read any of it is told nothing: that something happens, and when, is as much a secret as what it is.
 */
export class ActivityWatch {
  readonly #options: ActivityWatchOptions
  /** Projects that somebody looks at, with the last change that they were told of. */
  #seen: ReadonlyMap<string, string> = new Map()
  #timer: NodeJS.Timeout | undefined
  #stopped = false

  constructor(options: ActivityWatchOptions) {
    this.#options = options
  }

  start(): void {
    this.#timer = setTimeout(() => {
      const again = () => {
        if (!this.#stopped) this.start()
      }
      this.#look().then(again, (error: unknown) => {
        // The next look tells of what this one has missed.
        this.#options.logger.debug({ err: error }, 'activity could not be looked at')
        again()
      })
    }, POLL)
    this.#timer.unref()
  }

  stop(): void {
    this.#stopped = true
    clearTimeout(this.#timer)
  }

  async #look(): Promise<void> {
    const { db, signals } = this.#options
    const before = this.#seen
    const watched = [...signals.rooms].filter((room) => room.startsWith(PROJECT))
    if (watched.length === 0) {
      this.#seen = new Map()
      return
    }
    const { rows } = await db.query<Changed>({
      name: 'activity changed',
      text: CHANGED,
      values: [watched, watched.map((project) => before.get(project) ?? '-1')],
    })
    const seen = new Map(watched.map((project) => [project, before.get(project) ?? '-1']))
    for (const { project, changes, count, rooms } of rows) {
      // Who began to listen before this node began to look may have missed something: that says nothing to anybody.
      const all = !before.has(project) || count > MOST
      const isFor = all ? async () => true : onceEach((identity) => this.#mayKnow(identity, rooms))
      try {
        await signals.sendHere(project, SIGNAL, null, isFor)
        seen.set(project, changes)
      } catch (error) {
        // The next look tells of it again, and of the other projects this one does.
        this.#options.logger.warn({ err: error, project }, 'nobody could be told of activity')
      }
    }
    this.#seen = seen
  }

  async #mayKnow(identity: Identity, rooms: Changed['rooms']): Promise<boolean> {
    const { authorizer, revocations, types } = this.#options
    const taken = new Set(revocations.roomsTakenFrom(identity))
    for (const [room, type] of rooms) {
      if (taken.has(room)) continue
      const { role } = await authorizer.decide(identity, room)
      if (atLeast(role, types.get(type) ?? 'write')) return true
    }
    return false
  }
}

/** The same person may look on in many tabs, each with the same token. */
function onceEach(
  decide: (identity: Identity) => Promise<boolean>,
): (identity: Identity) => Promise<boolean> {
  const decided = new Map<string, Promise<boolean>>()
  return (identity) => {
    const key = JSON.stringify(identity)
    const answer = decided.get(key) ?? decide(identity)
    decided.set(key, answer)
    return answer
  }
}

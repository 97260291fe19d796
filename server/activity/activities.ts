import type { Authorizer } from '../access/authorizer.ts'
import type { Identity } from '../access/identity.ts'
import type { Revocations } from '../access/revocations.ts'
import type { Cursors } from '../http/cursors.ts'
import type { Role } from '../protocol.ts'
import type { Queryable } from '../storage/transaction.ts'
import type { Activity } from './groups.ts'
import {
  type ActivityFilter,
  type ActivityRow,
  activitiesBefore,
  activitiesSince,
  type Place,
} from './query.ts'
import { decidedScope, isWithin, type Scope, scopeOf } from './scope.ts'
import { MOST_COUNTED, readSummary, type Summary, type SummaryBy } from './summary.ts'
import { activeRooms, findProject } from './table.ts'

/** Activities that are looked at for one page, about, where an application may refuse every room. */
const MOST = 500
/** Rooms that an application is asked about for a summary. */
const MOST_ROOMS = 200
/** No activity of a change comes after this. */
const LAST_ID = '9223372036854775807'
const NOTHING = `0.${LAST_ID}`

export interface ActivityPage {
  readonly items: readonly Activity[]
  readonly next: string | null
  readonly now: string
  readonly more: boolean
}

export interface ActivitiesOptions {
  readonly db: Queryable
  readonly cursors: Cursors
  readonly authorizer: Authorizer
  readonly revocations: Pick<Revocations, 'roomsTakenFrom'>
  /** What is activity, with the role that is needed to be told of it. */
  readonly types: ReadonlyMap<string, Role>
}

/** Who asks, about which project, for what of it. */
export interface ActivityQuestion {
  readonly identity: Identity
  /** The name of the project's own room. */
  readonly project: string
  readonly filter: ActivityFilter
  readonly limit: number
}

/** What happened in a project, as far as whoever asks may know of it. */
export class Activities {
  readonly #options: ActivitiesOptions

  constructor(options: ActivitiesOptions) {
    this.#options = options
  }

  /** A page, newest first. @throws SynclineError `request-invalid` */
  async before(question: ActivityQuestion, before: string | undefined): Promise<ActivityPage> {
    const { db, cursors } = this.#options
    const { project, limit } = question
    const place = before === undefined ? undefined : cursors.open(`activity ${project}`, before)
    // Asked first: what comes between the two is told once more, and not missed.
    const found = await findProject(db, project)
    const now = this.#now(project, found === undefined ? NOTHING : `${found.changes}.${LAST_ID}`)
    if (found === undefined) return { items: [], next: null, now, more: false }
    const { rows, goesOn } = await this.#shown(question, place, (scope, most, from) =>
      activitiesBefore(db, { project: found.id, filter: question.filter, scope, limit: most }, from),
    )
    const last = rows.slice(0, limit).at(-1)?.place ?? goesOn
    const next = goesOn === undefined || last === undefined ? null : cursors.seal(`activity ${project}`, last)
    return { items: rows.map(toActivity), next, now, more: false }
  }

  /** What has come or changed since, in that order. @throws SynclineError `request-invalid` */
  async since(question: ActivityQuestion, since: string): Promise<ActivityPage> {
    const { db, cursors } = this.#options
    const { project } = question
    const place = cursors.open(sinceOf(project), since)
    const found = await findProject(db, project)
    if (found === undefined) return { items: [], next: null, now: since, more: false }
    const { rows, goesOn } = await this.#shown(question, place, (scope, most, from) =>
      activitiesSince(db, { project: found.id, filter: question.filter, scope, limit: most }, from ?? place),
    )
    const reached = goesOn ?? later(`${found.changes}.${LAST_ID}`, later(rows.at(-1)?.place ?? place, place))
    return {
      items: rows.map(toActivity),
      next: null,
      now: this.#now(project, reached),
      more: goesOn !== undefined,
    }
  }

  async summary({ project, ...question }: ActivityQuestion, by: SummaryBy): Promise<Summary> {
    const { db, authorizer, revocations, types } = this.#options
    const { identity, filter, limit } = question
    const found = await findProject(db, project)
    if (found === undefined) return { rows: [], since: null }
    const taken = revocations.roomsTakenFrom(identity)
    const active = () => activeRooms(db, found.id, { limit: MOST_ROOMS, among: MOST_COUNTED })
    const scope = authorizer.asksApplication
      ? await decidedScope(authorizer, identity, await active(), taken, types)
      : scopeOf(identity, taken, types)
    return readSummary(db, { project: found.id, filter, scope, limit }, by)
  }

  /**
   * As many as are asked for of those that may be shown; and where the list goes on, if it does. Where an application may
   * refuse rooms, each is decided.
   */
  async #shown(
    { identity, limit }: ActivityQuestion,
    start: Place | undefined,
    read: (scope: Scope, limit: number, from: Place | undefined) => Promise<readonly ActivityRow[]>,
  ): Promise<{ readonly rows: readonly ActivityRow[]; readonly goesOn: Place | undefined }> {
    const { authorizer, revocations, types } = this.#options
    const taken = revocations.roomsTakenFrom(identity)
    const scope = scopeOf(identity, taken, types)
    const shown: ActivityRow[] = []
    let from = start
    for (let looked = 0; looked < MOST; looked += limit) {
      const found = await read(scope, limit + 1, from)
      const page = found.slice(0, limit)
      const rooms = [...new Set(page.map(({ room }) => room))]
      const decided = authorizer.asksApplication
        ? await decidedScope(authorizer, identity, rooms, taken, types)
        : undefined
      for (const row of page) {
        from = row.place
        if (decided === undefined || isWithin(decided, row.room, row.type)) shown.push(row)
        if (shown.length === limit) break
      }
      const all = found.length <= limit && from === (page.at(-1)?.place ?? from)
      if (all) return { rows: shown, goesOn: undefined }
      if (shown.length === limit) break
    }
    return { rows: shown, goesOn: from }
  }

  #now(project: string, place: Place): string {
    return this.#options.cursors.seal(sinceOf(project), place)
  }
}

const sinceOf = (project: string): string => `activity since ${project}`

/** The later of two places by change. */
function later(one: Place, other: Place): Place {
  const [change = 0n, id = 0n] = one.split('.').map(BigInt)
  const [otherChange = 0n, otherId = 0n] = other.split('.').map(BigInt)
  return change > otherChange || (change === otherChange && id > otherId) ? one : other
}

const toActivity = ({
  key,
  at,
  until,
  seq,
  last_seq,
  inserted,
  deleted,
  place: _,
  ...row
}: ActivityRow): Activity => ({
  id: key,
  ...row,
  at: at.toISOString(),
  until: until.toISOString(),
  seq: Number(seq),
  lastSeq: Number(last_seq),
  inserted: Number(inserted),
  deleted: Number(deleted),
})

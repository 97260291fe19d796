import type pg from 'pg'
import { type Act, recordAct } from '../access/audit.ts'
import { SynclineError } from '../errors.ts'
import type { RoomId } from '../log/entry.ts'
import { inTransaction, type Queryable } from '../storage/transaction.ts'
import type { AlertRule } from './alert-rule.ts'
import { seriesOf } from './merged.ts'

/** Of one room. */
const MOST = 100

export interface Alert {
  readonly name: string
  readonly rule: AlertRule
  readonly raised: boolean
  /** In milliseconds since the epoch, as all times here; null where it is not raised. */
  readonly raisedAt: number | null
  /** What was measured last; null where there was nothing. */
  readonly value: number | null
  /** Why the last look at it failed; null where it did not. */
  readonly failure: string | null
}

export interface AlertRow extends Alert {
  readonly room: RoomId
  readonly otherwiseSince: number | null
  readonly lookedAt: number
  /** The end of the newest bucket that counts as ended, by the clock of the database, which all nodes share. */
  readonly end: number
}

/** What is to be published once, under this id. */
export interface Turn {
  readonly place: string
  readonly id: string
  readonly room: string
  readonly payload: unknown
}

const ALERT = `a.name, a.rule, a.raised, extract(epoch from a.raised_at)::float8 * 1000 as "raisedAt", a.value, a.failure`

export async function listAlerts(db: Queryable, room: RoomId): Promise<readonly Alert[]> {
  const { rows } = await db.query<Alert>(
    `select ${ALERT} from analytics_alerts a where room_id = $1 order by name`,
    [room],
  )
  return rows
}

/** Who changes a rule. */
export interface Change {
  readonly roomName: string
  readonly room: RoomId
  readonly name: string
  readonly by: string
}

/**
 * Makes or changes a rule. One that is what it was goes on as it is; another one begins anew, and what the old one had raised is
 * resolved.
 * @throws SynclineError `request-invalid` where the room has as many as it may, or this one would read too much at each look
 */
export function setAlert(pool: pg.Pool, change: Change, rule: AlertRule): Promise<void> {
  const { room, name } = change
  return inTransaction(pool, async (client) => {
    const before = await lockAlert(client, change)
    const same = await client.query('select where $1::jsonb = $2::jsonb', [
      JSON.stringify(before?.rule ?? null),
      JSON.stringify(rule),
    ])
    if (same.rowCount === 1) return
    await seriesOf(client, room, rule)
    const { rowCount } = await client.query(
      `insert into analytics_alerts as a (room_id, name, rule)
       select $1, $2, $3 where $4 or (select count(*) from analytics_alerts where room_id = $1) < ${MOST}
       on conflict (room_id, name) do update
       set rule = excluded.rule, raised = false, raised_at = null, value = null, otherwise_since = null, looked_at = 'epoch',
         failure = null`,
      [room, name, JSON.stringify(rule), before !== undefined],
    )
    if (rowCount === 0) throw new SynclineError('request-invalid', `a room has ${MOST} alerts at most`)
    if (before?.raised) await addTurn(client, room, turnOf(before, false, Date.now()))
    await record(client, 'alert.set', change, { rule })
  })
}

/** What it had raised is resolved. False where there is none of that name. */
export function deleteAlert(pool: pg.Pool, change: Change): Promise<boolean> {
  const { room, name } = change
  return inTransaction(pool, async (client) => {
    const before = await lockAlert(client, change)
    if (before === undefined) return false
    await client.query('delete from analytics_alerts where room_id = $1 and name = $2', [room, name])
    if (before.raised) await addTurn(client, room, turnOf(before, false, Date.now()))
    await record(client, 'alert.delete', change, {})
    return true
  })
}

async function lockAlert(client: Queryable, { room, name }: Change): Promise<Alert | undefined> {
  const { rows } = await client.query<Alert>(
    `select ${ALERT} from analytics_alerts a where room_id = $1 and name = $2 for update`,
    [room, name],
  )
  return rows[0]
}

/**
 * The end of the last bucket. It counts as ended four seconds later: what was measured in it is on its way until then, of which
 * the SDK gathers for two.
 */
const ENDED = 'to_timestamp(floor((extract(epoch from clock_timestamp()) - 4) / 5) * 5)'

/** That a rule is to be looked at, or what became of one to be published. */
export const ALERT_IS_DUE = `exists (select from analytics_alerts where looked_at < ${ENDED})
  or exists (select from analytics_turns t join rooms r on r.id = t.room_id where r.deleted_at is null)`

/**
 * Takes the rule that was not looked at for the longest, of those at which nobody has since the last bucket ended, and that no other
 * node has just taken.
 */
export async function takeDueAlert(client: Queryable): Promise<AlertRow | undefined> {
  const { rows } = await client.query<AlertRow>(
    `with ended as (select ${ENDED} as at)
     select a.room_id::float8 as room, ${ALERT},
       extract(epoch from a.otherwise_since)::float8 * 1000 as "otherwiseSince",
       extract(epoch from a.looked_at)::float8 * 1000 as "lookedAt",
       extract(epoch from ended.at)::float8 * 1000 as end
     from ended join analytics_alerts a on a.looked_at < ended.at
     order by a.looked_at limit 1 for update of a skip locked`,
  )
  return rows[0]
}

/** What was found when a rule was looked at. */
export interface Found {
  readonly raised: boolean
  readonly value: number | undefined
  readonly otherwiseSince: number | undefined
}

export async function writeFound(client: Queryable, alert: AlertRow, found: Found): Promise<void> {
  await client.query(
    `update analytics_alerts set raised = $3, value = $4, otherwise_since = to_timestamp($5::float8 / 1000),
       raised_at = case when not $3 then null when raised then coalesce(raised_at, to_timestamp($6::float8 / 1000))
         else to_timestamp($6::float8 / 1000) end,
       looked_at = to_timestamp($6::float8 / 1000), failure = null
     where room_id = $1 and name = $2`,
    [alert.room, alert.name, found.raised, found.value ?? null, found.otherwiseSince ?? null, alert.end],
  )
}

/** A look that has failed is over as well. It stands as it stood; how long it has been otherwise nobody knows. */
export async function writeFailure(
  db: Queryable,
  { room, name, end }: AlertRow,
  failure: string,
): Promise<void> {
  await db.query(
    `update analytics_alerts set failure = $3, otherwise_since = null, looked_at = to_timestamp($4::float8 / 1000)
     where room_id = $1 and name = $2 and looked_at < to_timestamp($4::float8 / 1000)`,
    [room, name, failure, end],
  )
}

/** The payload of the event that says that a rule is broken, or not any more. */
export function turnOf({ name, rule, value }: Alert, raised: boolean, at: number) {
  const { metric, of, is, threshold, level, tell } = rule
  return {
    rule: name,
    state: raised ? 'raised' : 'resolved',
    level,
    metric,
    of,
    is,
    threshold,
    ...(value !== null && { value }),
    at: new Date(at).toISOString(),
    tell,
  }
}

export async function addTurn(client: Queryable, room: RoomId, payload: unknown): Promise<void> {
  await client.query('insert into analytics_turns (room_id, payload) values ($1, $2)', [
    room,
    JSON.stringify(payload),
  ])
}

export async function readTurns(db: Queryable, after: string, limit: number): Promise<readonly Turn[]> {
  const { rows } = await db.query<Turn>(
    `select t.place, t.id, r.name as room, t.payload from analytics_turns t join rooms r on r.id = t.room_id
     where r.deleted_at is null and t.place > $1 order by t.place limit $2`,
    [after, limit],
  )
  return rows
}

export async function forgetTurn(db: Queryable, { place }: Turn): Promise<void> {
  await db.query('delete from analytics_turns where place = $1', [place])
}

const record = (
  client: Queryable,
  act: Act,
  { roomName, name, by }: Change,
  details: Readonly<Record<string, unknown>>,
) => recordAct(client, { actor: by, act, subject: roomName, details: { alert: name, ...details } })

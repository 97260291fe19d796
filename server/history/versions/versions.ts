import { SynclineError } from '../../errors.ts'
import type { RoomId, Seq } from '../../log/entry.ts'
import type { Queryable } from '../../storage/transaction.ts'

/** Why a version was made without anybody asking. */
const REASONS = ['idle', 'size', 'restore', 'import'] as const
export type Reason = (typeof REASONS)[number]

/** A position that is kept in a list. The document knows nothing of it. */
export interface Version {
  readonly id: string
  readonly seq: Seq
  /** When the position was reached. */
  readonly at: Date
  readonly kind: 'automatic' | 'named'
  readonly reason: Reason | null
  readonly title: string | null
  readonly description: string | null
  readonly author: string
  readonly pinned: boolean
  readonly createdAt: Date
}

/** Who wants to change a version. */
export interface VersionEditor {
  readonly user: string
  /** Whether they are an administrator of the room. */
  readonly administers: boolean
}

/**
 * What somebody has named or pinned is theirs, and the administrators', to change and to delete; what nobody has is
 * everybody's who may see it.
 */
export const mayChange = ({ kind, pinned, author }: Version, { user, administers }: VersionEditor): boolean =>
  administers || author === user || (kind === 'automatic' && !pinned)

type Row = Omit<Version, 'seq'> & { readonly seq: string }

const COLUMNS = `id, seq, at, kind, reason, title, description, author, pinned, created_at as "createdAt"`

const toVersion = (row: Row): Version => ({ ...row, seq: Number(row.seq) })

/** Up to where versions of the room `$1` were kept by themselves, also where somebody has named or deleted the last; or null. */
const KEPT_TO = `greatest(
  (select max(seq) from versions where room_id = $1 and kind = 'automatic'),
  (select seq from versions_kept_to where room_id = $1)
)`

/** What a person says of a version. */
export interface VersionText {
  readonly title: string
  readonly description: string | null
  readonly pinned: boolean
}

/** Where a list goes on: the version that ended the page before. */
export interface VersionCursor {
  readonly seq: Seq
  readonly id: string
}

/** Names a position; it need not be one that no other version stands for. */
export async function nameVersion(
  db: Queryable,
  room: RoomId,
  position: { readonly seq: Seq; readonly at: number },
  author: string,
  text: VersionText,
): Promise<Version> {
  const { rows } = await db.query<Row>(
    `insert into versions (room_id, seq, at, kind, title, description, author, pinned)
     values ($1, $2, to_timestamp($3::float8 / 1000), 'named', $4, $5, $6, $7) returning ${COLUMNS}`,
    [room, position.seq, position.at, text.title, text.description, author, text.pinned],
  )
  return only(rows)
}

/** Keeps a position without a name; once, however often it is asked for. */
export async function keepVersion(
  db: Queryable,
  room: RoomId,
  position: { readonly seq: Seq; readonly at: number },
  reason: Reason,
  author: string,
): Promise<void> {
  await db.query(
    `insert into versions (room_id, seq, at, kind, reason, author)
     values ($1, $2, to_timestamp($3::float8 / 1000), 'automatic', $4, $5)
     on conflict (room_id, seq, reason) where kind = 'automatic' do nothing`,
    [room, position.seq, position.at, reason, author],
  )
}

/** A room's versions, the newest position first. */
export async function listVersions(
  db: Queryable,
  room: RoomId,
  query: { readonly limit: number; readonly namedOnly: boolean; readonly after?: VersionCursor | undefined },
): Promise<readonly Version[]> {
  const { rows } = await db.query<Row>(
    `select ${COLUMNS} from versions
     where room_id = $1 and (kind = 'named' or not $2) and ($3::bigint is null or (seq, id) < ($3, $4::uuid))
     order by seq desc, id desc limit $5`,
    [room, query.namedOnly, query.after?.seq ?? null, query.after?.id ?? null, query.limit],
  )
  return rows.map(toVersion)
}

/** The versions of the positions `first` … `last`, oldest first. */
export async function versionsBetween(
  db: Queryable,
  room: RoomId,
  first: Seq,
  last: Seq,
): Promise<readonly Version[]> {
  const { rows } = await db.query<Row>(
    `select ${COLUMNS} from versions where room_id = $1 and seq between $2 and $3 order by seq, id`,
    [room, first, last],
  )
  return rows.map(toVersion)
}

/** The positions that have a name, oldest first. */
export async function namedPositions(db: Queryable, room: RoomId): Promise<readonly Seq[]> {
  const { rows } = await db.query<{ seq: string }>(
    `select seq from versions where room_id = $1 and kind = 'named' order by seq`,
    [room],
  )
  return rows.map(({ seq }) => Number(seq))
}

/** The last position of which a version was kept by itself, or 0: what came after has none yet. */
export async function lastAutomatic(db: Queryable, room: RoomId): Promise<Seq> {
  const { rows } = await db.query<{ seq: string | null }>(`select ${KEPT_TO} as seq`, [room])
  return Number(rows[0]?.seq ?? 0)
}

/** @throws SynclineError `version-not-found` */
export async function getVersion(db: Queryable, room: RoomId, id: string): Promise<Version> {
  const { rows } = await db.query<Row>(`select ${COLUMNS} from versions where room_id = $1 and id = $2`, [
    room,
    id,
  ])
  return only(rows)
}

/**
 * Changes what is said of a version, in a transaction; one that had neither name nor pin is then whose who gives it one.
 * @throws SynclineError `version-not-found`, `version-of-another`
 */
export async function describeVersion(
  client: Queryable,
  room: RoomId,
  id: string,
  editor: VersionEditor,
  text: Partial<VersionText>,
): Promise<Version> {
  const before = await requireChangeable(client, room, id, editor)
  if (text.title !== undefined) await rememberAutomatic(client, room, before)
  const { rows } = await client.query<Row>(
    `update versions set
       author = case when kind = 'automatic' and not pinned and ($3::text is not null or $7) then $6 else author end,
       kind = case when $3::text is not null then 'named' else kind end,
       reason = case when $3::text is not null then null else reason end,
       title = coalesce($3, title),
       description = case when $4 then $5 else description end,
       pinned = coalesce($7, pinned)
     where room_id = $1 and id = $2 returning ${COLUMNS}`,
    [
      room,
      id,
      text.title ?? null,
      text.description !== undefined,
      text.description ?? null,
      editor.user,
      text.pinned ?? null,
    ],
  )
  return only(rows)
}

/**
 * Takes a version from the list, in a transaction.
 * @throws SynclineError `version-not-found`, `version-of-another`
 */
export async function deleteVersion(
  client: Queryable,
  room: RoomId,
  id: string,
  editor: VersionEditor,
): Promise<void> {
  await rememberAutomatic(client, room, await requireChangeable(client, room, id, editor))
  await client.query('delete from versions where room_id = $1 and id = $2', [room, id])
}

/** Until the transaction ends nobody else makes it theirs. */
async function requireChangeable(
  client: Queryable,
  room: RoomId,
  id: string,
  editor: VersionEditor,
): Promise<Version> {
  const { rows } = await client.query<Row>(
    `select ${COLUMNS} from versions where room_id = $1 and id = $2 for update`,
    [room, id],
  )
  const version = only(rows)
  if (!mayChange(version, editor)) throw new SynclineError('version-of-another')
  return version
}

/** One that was kept by itself is about to be none any more, and is not to be kept again. */
async function rememberAutomatic(client: Queryable, room: RoomId, { kind, seq }: Version): Promise<void> {
  if (kind !== 'automatic') return
  await client.query(
    `insert into versions_kept_to as k (room_id, seq) values ($1, $2)
     on conflict (room_id) do update set seq = greatest(k.seq, excluded.seq)`,
    [room, seq],
  )
}

function only(rows: readonly Row[]): Version {
  const [row] = rows
  if (row === undefined) throw new SynclineError('version-not-found')
  return toVersion(row)
}

import { createHash } from 'node:crypto'
import type { RoomId, Seq } from '../../log/entry.ts'
import type { Queryable } from '../../storage/transaction.ts'
import type { Writing } from './requests.ts'
import { SIMPLIFIED, type Simplified } from './simplified.ts'

/** For how long the same key is the same request. */
const KEPT = '7 days'

export interface KeyedWrite {
  /** What was asked for, as `requestHash` has it. */
  readonly request: Buffer
  readonly head: Seq
  readonly client: number
  /** The edit, until its answer is known. */
  readonly edit: Uint8Array<ArrayBuffer> | undefined
  /** Of the document that it was made for, where nobody else may have written in that. */
  readonly fingerprint: string | undefined
  /** Undefined until it is known that it is committed. */
  readonly seq: Seq | undefined
  readonly changed: boolean
  readonly simplified: readonly Simplified[]
}

interface Row {
  readonly request: Buffer
  readonly head: string
  readonly client: string
  readonly edit: Buffer<ArrayBuffer> | null
  readonly fingerprint: string | null
  readonly seq: string | null
  readonly changed: boolean
  readonly simplified: readonly string[]
}

const sha256 = (value: unknown): Buffer => createHash('sha256').update(JSON.stringify(value)).digest()

/** A key is somebody's own. */
export const keyHash = (user: string, key: string): Buffer => sha256([user, key])

/** Requests are made in one place, so their fields are always in the same order. */
export const requestHash = (writing: Writing): Buffer => sha256(writing)

export async function findWrite(db: Queryable, room: RoomId, key: Buffer): Promise<KeyedWrite | undefined> {
  const { rows } = await db.query<Row>(
    `select request, head, client, edit, fingerprint, seq, changed, simplified
     from keyed_writes where room_id = $1 and key = $2`,
    [room, key],
  )
  return rows.map(({ request, head, client, edit, fingerprint, seq, changed, simplified }) => ({
    request,
    head: Number(head),
    client: Number(client),
    edit: edit === null ? undefined : new Uint8Array(edit),
    fingerprint: fingerprint ?? undefined,
    seq: seq === null ? undefined : Number(seq),
    changed,
    simplified: SIMPLIFIED.filter((one) => simplified.includes(one)),
  }))[0]
}

/** What is written under that key from now on: this, or what somebody else was quicker to remember. */
export async function rememberWrite(
  db: Queryable,
  room: RoomId,
  key: Buffer,
  { request, head, client, edit, fingerprint, seq, changed, simplified }: KeyedWrite,
): Promise<KeyedWrite> {
  await db.query(
    `insert into keyed_writes (room_id, key, request, head, client, edit, fingerprint, seq, changed, simplified)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict do nothing`,
    [
      room,
      key,
      request,
      head,
      client,
      edit === undefined ? null : Buffer.from(edit),
      fingerprint ?? null,
      seq ?? null,
      changed,
      simplified,
    ],
  )
  const remembered = await findWrite(db, room, key)
  if (remembered === undefined) throw new Error('a write that was remembered is not there')
  return remembered
}

export async function answerWrite(db: Queryable, room: RoomId, key: Buffer, seq: Seq): Promise<void> {
  await db.query(
    'update keyed_writes set seq = $3, edit = null where room_id = $1 and key = $2 and seq is null',
    [room, key, seq],
  )
}

export async function forgetOldWrites(db: Queryable): Promise<void> {
  await db.query(`delete from keyed_writes where at < now() - interval '${KEPT}'`)
}

import { request, type TokenSource } from '../api.ts'

export const HEALTHS = ['ok', 'damaged', 'quarantined', 'deleted'] as const
export type Health = (typeof HEALTHS)[number]

export type RoomSort = 'changed' | 'entries' | 'log' | 'state' | 'bloat'

/** What an administrator sees of a room without opening it; null is what nobody has counted yet. */
export interface RoomSummary {
  readonly name: string
  readonly title: string | null
  readonly entries: number
  readonly changedAt: string
  readonly people: number
  /** Who wrote last, newest first; `name` is null where nobody said it. */
  readonly recent: readonly { readonly id: string; readonly name: string | null }[]
  readonly logBytes: number
  readonly stateBytes: number | null
  readonly characters: number | null
  /** Bytes of state for each visible character. */
  readonly bloat: number | null
  readonly health: Health
  /** Why it is quarantined. */
  readonly reason: string | null
  readonly quarantinedAt: string | null
  readonly deletedBy: string | null
}

export interface RoomsQuery {
  readonly search: string
  readonly health: Health | undefined
  readonly sort: RoomSort
  readonly order: 'asc' | 'desc'
}

export interface RoomsPage {
  readonly rooms: readonly RoomSummary[]
  readonly next: string | null
}

/** What retention would drop of a room now; `effect` is null where nothing is due. */
export interface RetentionPlan {
  /** In days. */
  readonly rule: { readonly keystrokes: number; readonly sessions: number | null } | null
  readonly effect: {
    readonly positionsLost: number
    readonly versionsLost: number
    readonly bytesBefore: number
    readonly bytesAfter: number
  } | null
}

export async function getRooms(
  token: TokenSource,
  { search, ...query }: RoomsQuery,
  after: string | undefined,
  signal: AbortSignal,
): Promise<RoomsPage> {
  const given = Object.entries({ ...query, search: search || undefined, after, limit: '50' })
  const params = new URLSearchParams(given.filter((pair): pair is [string, string] => pair[1] !== undefined))
  return request<RoomsPage>(`/admin/rooms?${params}`, { headers: await bearer(token), signal })
}

export async function planRetention(
  token: TokenSource,
  room: string,
  signal: AbortSignal,
): Promise<RetentionPlan> {
  return request<RetentionPlan>(`${path(room)}/retention`, { headers: await bearer(token), signal })
}

const path = (room: string): string => `/rooms/${encodeURIComponent(room)}`

const bearer = async (token: TokenSource) => ({ authorization: `Bearer ${await token()}` })

import type { EventOf } from '../../sdk/index.ts'
import { LISTED_WITHIN, request, type TokenSource } from '../api.ts'

/** A room as lists have it. */
export interface RoomSummary {
  readonly name: string
  readonly title: string | null
  readonly head: number
  readonly createdAt: string
  readonly createdBy: string
  readonly changedAt: string
}

interface RoomPage {
  readonly rooms: readonly RoomSummary[]
  readonly next: string | null
}

interface EventPage {
  readonly events: readonly EventOf[]
  readonly head: number
}

/** Rooms of a kind, last changed first. */
export async function getRoomsOf(
  token: TokenSource,
  kind: string,
  after: string | undefined,
  signal: AbortSignal,
): Promise<RoomPage> {
  const query = new URLSearchParams({ kind, limit: '50', ...(after === undefined ? {} : { after }) })
  return request<RoomPage>(`/rooms?${query}`, { headers: await bearer(token), signal, within: LISTED_WITHIN })
}

/** The first thousand events of these types: all, of what happens to a build a few times. */
export async function getEvents(
  token: TokenSource,
  room: string,
  types: readonly EventOf['type'][],
  signal: AbortSignal,
): Promise<readonly EventOf[]> {
  const query = new URLSearchParams({ types: types.join(','), limit: '1000' })
  const path = `/rooms/${encodeURIComponent(room)}/events?${query}`
  const { events } = await request<EventPage>(path, {
    headers: await bearer(token),
    signal,
    within: LISTED_WITHIN,
  })
  return events
}

const bearer = async (token: TokenSource) => ({ authorization: `Bearer ${await token()}` })

import { LISTED_WITHIN, request, type TokenSource } from '../api.ts'

/** What a room's log has at a position; what an edit changes is not in it. */
export interface RoomEntry {
  readonly seq: number
  /** The first position that it stands for, where retention has merged several. */
  readonly first?: number
  /** In milliseconds since the epoch. */
  readonly at: number
  readonly actor: string
  /** Of an event's payload, or of an edit. */
  readonly bytes: number
  /** Null for an edit. */
  readonly type: string | null
}

export interface EntryPage {
  readonly entries: readonly RoomEntry[]
  /** What their actors were last called. */
  readonly names: Readonly<Record<string, string>>
  /** The page reaches so far. */
  readonly until: number
  readonly head: number
}

interface Range {
  /** Left out, the newest are meant. */
  readonly after?: number
  readonly limit: number
}

export async function getEntries(
  token: TokenSource,
  room: string,
  { after, limit }: Range,
  signal: AbortSignal,
): Promise<EntryPage> {
  const query = new URLSearchParams({
    limit: String(limit),
    ...(after === undefined ? {} : { after: String(after) }),
  })
  const headers = { authorization: `Bearer ${await token()}` }
  return request<EntryPage>(`/rooms/${encodeURIComponent(room)}/entries?${query}`, {
    headers,
    signal,
    within: LISTED_WITHIN,
  })
}

/** The payload of one event. */
export async function getPayload(
  token: TokenSource,
  room: string,
  seq: number,
  signal: AbortSignal,
): Promise<unknown> {
  const query = new URLSearchParams({ after: String(seq - 1), limit: '1' })
  const headers = { authorization: `Bearer ${await token()}` }
  const path = `/rooms/${encodeURIComponent(room)}/events?${query}`
  const { events } = await request<{
    readonly events: readonly { readonly seq: number; readonly payload: unknown }[]
  }>(path, { headers, signal })
  return events.find((event) => event.seq === seq)?.payload
}

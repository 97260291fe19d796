import { isDeepStrictEqual } from 'node:util'
import type { EventDraft, RoomEvent } from '../protocol.ts'
import { EventPeer } from './event-peer.ts'
import { recordedBuild } from './recorded-build.ts'
import { syncUrl, tokenSource } from './replay-target.ts'
import { Turn } from './turn.ts'

export interface ReplayBuildOptions {
  /** Lines of its log. */
  readonly lines: number
  /** The server: `http://127.0.0.1:1234`, or the WebSocket's own address. */
  readonly url: string
  /** An empty `build:` room; a new one is made when absent. */
  readonly room?: string
  /** When absent, the server is asked for one, which it gives in development mode. */
  readonly token?: string
  /** Events a second; 0 for as many as the acknowledgements allow. */
  readonly speed?: number
  readonly onProgress?: (progress: { readonly seen: number; readonly total: number }) => void
}

export interface ReplayBuildResult {
  /** The reader saw every event once and in order, whatever dropped, and so did one who came at the end. */
  readonly ok: boolean
  readonly room: string
  readonly events: number
  /** How often the reader lost its connection. */
  readonly drops: number
  readonly ms: number
  /** What a reader saw first that is not so. */
  readonly fault: string | undefined
}

/** Events of one message, and events on their way. */
const BATCH = 50
const WINDOW = 200
const DROPS = 10

/** Publishes a generated build through a real client while another reads it, drops and returns. */
export async function replayBuild(options: ReplayBuildOptions): Promise<ReplayBuildResult> {
  const events = recordedBuild(options.lines)
  const room = options.room ?? `build:replay-${Date.now().toString(36)}`
  const turn = new Turn()
  const peers: EventPeer[] = []
  const changed = () => {
    turn.changed()
    options.onProgress?.({ seen: peers[1]?.seen.length ?? 0, total: events.length })
  }
  const connection = {
    url: syncUrl(options.url),
    room,
    token: tokenSource(options),
    changed,
    failed: (error: Error) => turn.fail(error),
  }
  const join = async (): Promise<EventPeer> => {
    const peer = new EventPeer(connection)
    peers.push(peer)
    await turn.until(() => peer.resumed)
    return peer
  }
  try {
    const publisher = await join()
    const reader = await join()
    if (reader.seen.length > 0) throw new Error(`Room ${room} is not empty`)
    const started = performance.now()
    let published = false
    const publishAll = async () => {
      await publish(events, publisher, turn, options)
      published = true
      turn.changed()
    }
    const dropAgainAndAgain = async () => {
      for (let drop = 1; drop <= DROPS; drop += 1) {
        const due = (drop / DROPS) * events.length
        await turn.until(() => reader.resumed && (lastSeen(reader) >= due || published))
        reader.drop()
      }
    }
    await Promise.all([publishAll(), dropAgainAndAgain()])
    await turn.until(() => reader.resumed)
    const ms = performance.now() - started
    const late = await join()
    const fault = faultOf('the reader', reader.seen, events) ?? faultOf('a late reader', late.seen, events)
    return { ok: fault === undefined, room, events: events.length, drops: DROPS, ms, fault }
  } finally {
    for (const peer of peers) peer.destroy()
  }
}

/** The number of the last event that it saw: their ids are their numbers. */
const lastSeen = ({ seen }: EventPeer): number => Number(seen.at(-1)?.id ?? 0)

async function publish(
  events: readonly EventDraft[],
  publisher: EventPeer,
  turn: Turn,
  { speed = 0 }: ReplayBuildOptions,
): Promise<void> {
  const started = performance.now()
  const batch = speed > 0 ? Math.max(1, Math.min(BATCH, Math.floor(speed / 20))) : BATCH
  for (let next = 0; next < events.length; next += batch) {
    if (speed > 0) await turn.pause(started + (next / speed) * 1000 - performance.now())
    await turn.until(() => publisher.unanswered < WINDOW)
    publisher.publish(events.slice(next, next + batch))
  }
  await turn.until(() => publisher.unanswered === 0)
}

/** What of the events was seen otherwise than it was published: not, twice, in another order or changed. */
function faultOf(who: string, seen: readonly RoomEvent[], events: readonly EventDraft[]): string | undefined {
  let last = 0
  for (const [index, { seq, id, type, payload }] of seen.entries()) {
    const wanted = events[index]
    if (seq <= last) return `${who} saw ${seq} after ${last}`
    last = seq
    if (wanted === undefined || wanted.id !== id)
      return `${who} saw event ${id} in the place of ${wanted?.id}`
    if (wanted.type !== type || !isDeepStrictEqual(wanted.payload, payload))
      return `${who} saw event ${id} otherwise than it was published`
  }
  return seen.length === events.length ? undefined : `${who} saw ${seen.length} of ${events.length} events`
}

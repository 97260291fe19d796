import type { EventOf, EventPayloads } from '../events/payloads.ts'

/** What somebody is told, and what they have done with it. */
export interface Notification {
  readonly id: string
  readonly seq: number
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly payload: EventPayloads['user.notified']
  readonly read: boolean
  readonly archived: boolean
}

/** What differs from how it is without a word. */
export interface NotificationPreferences {
  /** By category: of those with `none` nothing is told. */
  readonly ways: Readonly<Record<string, 'app' | 'none'>>
  /** By category, in minutes: what comes within them is told as one. */
  readonly digests: Readonly<Record<string, number>>
  /** Rooms of which nothing is told. */
  readonly muted: readonly string[]
}

export interface InboxState {
  /** Those that are known, newest first. */
  readonly notifications: readonly Notification[]
  /** Of all, known or not. */
  readonly unread: number
  /** Of the unread ones, those that were shown on no device. */
  readonly unseen: number
  readonly seenUntil: number
  readonly preferences: NotificationPreferences
  /** What those are called whose doing something is. */
  readonly names: Readonly<Record<string, string>>
  /** All events of the inbox up to here are in it. */
  readonly seq: number
  /** There are no older ones than those that are known. */
  readonly complete: boolean
  /** Something happened to notifications that are not known: the server is to be asked again. */
  readonly stale: boolean
}

const NO_PREFERENCES: NotificationPreferences = { ways: {}, digests: {}, muted: [] }

export const EMPTY_INBOX: InboxState = {
  notifications: [],
  unread: 0,
  unseen: 0,
  seenUntil: 0,
  preferences: NO_PREFERENCES,
  names: {},
  seq: 0,
  complete: true,
  stale: false,
}

/**
 * The inbox after these events of its room, which follow those that made `state`. What a device said late counts when the server
 * took it, so all devices come to the same.
 */
export const foldInbox = (state: InboxState, events: readonly EventOf[]): InboxState =>
  events.reduce(after, state)

function after(state: InboxState, event: EventOf): InboxState {
  const { seq } = event
  const next = { ...state, seq: Math.max(state.seq, seq) }
  switch (event.type) {
    case 'user.notified': {
      const { id, at, payload } = event
      const { from } = payload
      return {
        ...next,
        notifications: [{ id, seq, at, payload, read: false, archived: false }, ...state.notifications],
        unread: state.unread + 1,
        unseen: state.unseen + 1,
        stale: state.stale || (from !== undefined && state.names[from] === undefined),
      }
    }
    case 'user.seen': {
      // What is still to come was not seen, whatever a device says.
      const seenUntil = Math.max(state.seenUntil, Math.min(event.payload.until, seq))
      const known = knowsAllAfter(state, seenUntil)
      const unseen = state.notifications.filter((one) => one.seq > seenUntil && isUnread(one)).length
      return { ...next, seenUntil, unseen: known ? unseen : state.unseen, stale: state.stale || !known }
    }
    case 'user.read':
      return marked(next, event.payload.ids, { read: true })
    case 'user.unread':
      return marked(next, event.payload.ids, { read: false })
    case 'user.archived':
      return marked(next, event.payload.ids, { archived: true })
    case 'user.unarchived':
      return marked(next, event.payload.ids, { archived: false })
    case 'user.all_read': {
      const { until } = event.payload
      const known = knowsAllAfter(state, until)
      const notifications = state.notifications.map((one) =>
        one.seq <= until && !one.read ? { ...one, read: true } : one,
      )
      const left = notifications.filter(isUnread)
      return {
        ...next,
        notifications,
        ...(known && { unread: left.length, unseen: left.filter((one) => one.seq > state.seenUntil).length }),
        stale: state.stale || !known,
      }
    }
    case 'user.preferences':
      return { ...next, preferences: changed(state.preferences, event.payload) }
    default:
      return next
  }
}

const isUnread = ({ read, archived }: Notification): boolean => !read && !archived

/** Whether none is after that position that is not known. */
const knowsAllAfter = ({ complete, notifications }: InboxState, seq: number): boolean =>
  complete || (notifications.at(-1)?.seq ?? Number.POSITIVE_INFINITY) <= seq + 1

function marked(
  state: InboxState,
  ids: readonly string[],
  mark: Partial<Pick<Notification, 'read' | 'archived'>>,
): InboxState {
  const wanted = new Set(ids)
  let { unread, unseen } = state
  const notifications = state.notifications.map((before) => {
    if (!wanted.delete(before.id)) return before
    const one = { ...before, ...mark }
    const more = Number(isUnread(one)) - Number(isUnread(before))
    unread += more
    if (before.seq > state.seenUntil) unseen += more
    return one
  })
  return { ...state, notifications, unread, unseen, stale: state.stale || wanted.size > 0 }
}

function changed(
  { ways, digests, muted }: NotificationPreferences,
  change: EventPayloads['user.preferences'],
): NotificationPreferences {
  const rooms = new Set(muted)
  for (const [room, isMuted] of Object.entries(change.muted ?? {}))
    if (isMuted) rooms.add(room)
    else rooms.delete(room)
  return {
    ways: without('app', { ...ways, ...change.ways }),
    digests: without(0, { ...digests, ...change.digests }),
    muted: [...rooms].sort(),
  }
}

const without = <Value>(value: Value, all: Readonly<Record<string, Value>>): Record<string, Value> =>
  Object.fromEntries(Object.entries(all).filter(([, one]) => one !== value))

import type { z } from 'zod'
import type { Follower } from '../channels/followers.ts'
import { user } from '../channels/kinds/user.ts'
import type { RoomId } from '../log/entry.ts'
import type { StoredEvent } from '../log/events.ts'
import type { Queryable } from '../storage/transaction.ts'
import { heedWishes } from './digest-table.ts'
import { savePreferences } from './preferences.ts'

/** What one event does to the tables. */
type Apply = (client: Queryable, room: RoomId, event: StoredEvent) => Promise<unknown>

/** Sets a mark of the notifications that an event names; those that are not there, or not any more, are passed over. */
const mark =
  (column: 'read' | 'archived', value: boolean): Apply =>
  (client, room, event) =>
    client.query(
      `update notifications n set ${column} = $3 from room_events e
       where n.room_id = $1 and e.room_id = $1 and e.seq = n.seq and e.id = any($2) and n.${column} <> $3`,
      [room, said('read', event).ids, value],
    )

const APPLY: Readonly<Record<string, Apply>> = {
  'user.notified': (client, room, { seq }) =>
    client.query('insert into notifications (room_id, seq) values ($1, $2)', [room, seq]),
  // What is still to come was not seen, whatever a device says.
  'user.seen': (client, room, event) =>
    client.query(
      `insert into inboxes (room_id, seen_until) values ($1, $2)
       on conflict (room_id) do update set seen_until = greatest(inboxes.seen_until, excluded.seen_until)`,
      [room, Math.min(said('seen', event).until, event.seq)],
    ),
  'user.read': mark('read', true),
  'user.unread': mark('read', false),
  'user.archived': mark('archived', true),
  'user.unarchived': mark('archived', false),
  'user.all_read': (client, room, event) =>
    client.query('update notifications set read = true where room_id = $1 and seq <= $2 and not read', [
      room,
      said('all_read', event).until,
    ]),
  'user.preferences': async (client, room, event) => {
    const change = said('preferences', event)
    await savePreferences(client, room, change)
    await heedWishes(client, room, change)
  },
}

/** Keeps the table of what people are told as their inboxes' logs say it: the same fold as the client's `foldInbox`. */
export const inboxFollower: Follower = {
  types: Object.keys(APPLY),
  follow: async (client, { id }, events) => {
    for (const event of events) await APPLY[event.type]?.(client, id, event)
    return []
  },
}

type Events = typeof user.events

/** What a stored event carries: it was checked when it was published, and schemas only ever take more. */
const said = <Name extends keyof Events>(name: Name, { payload }: StoredEvent) =>
  user.events[name].payload.parse(JSON.parse(payload)) as z.output<Events[Name]['payload']>

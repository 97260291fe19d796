import { createHash } from 'node:crypto'
import { inboxOf } from '../access/inbox-rule.ts'
import { isRoomName } from '../access/room-name.ts'
import type { Derived, FollowedRoom, Follower } from '../channels/followers.ts'
import { SYSTEM } from '../log/entry.ts'
import type { StoredEvent } from '../log/events.ts'
import type { Queryable } from '../storage/transaction.ts'
import { whoListens } from './audience.ts'
import { holdForDigest } from './digest-table.ts'
import { OCCASIONS, type Occasion } from './occasions.ts'
import { wishesOf } from './preferences.ts'

/** Tells people of what happens elsewhere: each once of each event, and never whose doing it is. */
export const notifier: Follower = {
  types: Object.keys(OCCASIONS),
  follow: async (client, room, events) => {
    const derived: Derived[] = []
    for (const event of events) {
      for (const occasion of (await OCCASIONS[event.type]?.(client, room, event)) ?? [])
        derived.push(...(await tell(client, room, event, occasion)))
    }
    return derived
  },
}

async function tell(
  client: Queryable,
  room: FollowedRoom,
  event: StoredEvent,
  { users, says }: Occasion,
): Promise<readonly Derived[]> {
  const id = notificationId(`event ${room.id} ${event.seq}`)
  const source = { room: room.name, seq: event.seq, id: event.id, type: event.type }
  const payload = { ...says, from: event.actor, source }
  const others = [...new Set(users)].filter((user) => user !== event.actor && isRoomName(inboxOf(user)))
  const asked = await whoListens(client, event.actor, others)
  const derived: Derived[] = []
  for (const [user, wish] of await wishesOf(client, asked, says.category, room.name)) {
    if (!wish.told) continue
    if (wish.inbox !== undefined && wish.held !== null)
      await holdForDigest(client, wish.inbox, { id, payload, minutes: wish.held })
    else derived.push({ room: inboxOf(user), actor: SYSTEM, event: { type: 'user.notified', id, payload } })
  }
  return derived
}

/** An id of its own in the inbox, made of what it stands for. */
export const notificationId = (of: string): string =>
  createHash('sha256').update(`notification ${of}`).digest('base64url')

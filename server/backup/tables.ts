/** What becomes of a table when a whole server is exported. */
export type Fate =
  /** Row by row, in this order. */
  | {
      readonly kind: 'exported'
      readonly order: string
      /** The room of a row `t`, as SQL; null where it is none's. */
      readonly room: string
    }
  /** Made again from what is exported. */
  | { readonly kind: 'derived'; readonly how: string }
  | { readonly kind: 'left out'; readonly why: string }

const exported = (order: string, room = 'null'): Fate => ({ kind: 'exported', order, room })
const ofRooms = (order: string): Fate => exported(order, 't.room_id')
const derived = (how: string): Fate => ({ kind: 'derived', how })
const leftOut = (why: string): Fate => ({ kind: 'left out', why })

/**
 * Every table of the schema, those first that others refer to. A test holds this list against the database: who adds a
 * table decides here what becomes of it. What followers have made of events is exported and not made again: it was told,
 * read and counted already.
 */
export const TABLES: Readonly<Record<string, Fate>> = {
  rooms: exported('id'),
  room_updates: ofRooms('room_id, seq'),
  room_segments: ofRooms('room_id, last_seq'),
  room_events: ofRooms('room_id, seq'),
  room_snapshots: ofRooms('room_id, seq'),
  versions: ofRooms('id'),
  versions_kept_to: ofRooms('room_id'),
  restores: ofRooms('room_id, target, client'),
  keyed_writes: ofRooms('room_id, key'),
  history_activity: ofRooms('room_id, first_seq, actor'),
  history_stretches: ofRooms('room_id, level, first_seq'),
  event_queue: ofRooms('room_id, seq'),
  telling_queue: ofRooms('room_id, seq'),
  chats: ofRooms('room_id'),
  chat_members: ofRooms('room_id, user_id'),
  chat_messages: ofRooms('room_id, seq'),
  chat_reactions: ofRooms('room_id, seq, emoji, user_id'),
  chat_blocks: exported('user_id, blocked'),
  read_positions: ofRooms('room_id, user_id'),
  notifications: ofRooms('room_id, seq'),
  inboxes: ofRooms('room_id'),
  notification_preferences: ofRooms('room_id, about, key'),
  project_members: ofRooms('room_id, user_id'),
  digest_windows: ofRooms('id'),
  digest_items: ofRooms('room_id, id'),
  activity_projects: exported('id'),
  activity_links: ofRooms('room, project_id, by_project'),
  activities: ofRooms('id'),
  analytics_rooms: ofRooms('room_id'),
  analytics_series: ofRooms('id'),
  analytics_buckets: exported(
    'series_id, width, at',
    '(select s.room_id from analytics_series s where s.id = t.series_id)',
  ),
  analytics_batches: ofRooms('room_id, user_id, id'),
  analytics_alerts: ofRooms('room_id, name'),
  analytics_turns: ofRooms('place'),
  people: exported('id'),
  people_seen: exported('user_id'),
  room_people: ofRooms('room_id, user_id'),
  revocations: exported('user_id, room'),
  audit_log: exported('id'),
  history_blocks: derived('from the log, when a past of the room is asked for'),
  room_sizes: derived('counted again when administrators list rooms'),
  webhooks: leftOut(
    'two servers would tell the same receivers; on the new one administrators make them, with new secrets',
  ),
  webhook_deliveries: leftOut('what was sent, and what the old server has yet to send'),
  webhook_changes: leftOut('edits of which the old server has yet to tell'),
  room_loads: leftOut('who is opening a room just now'),
  log_lanes: leftOut('the connections that commit just now'),
  event_tickets: leftOut('they stand for tokens, and are asked for again'),
  secrets: leftOut('each server has its own: lists are begun anew, nodes seal with the new key'),
  syncline_migrations: leftOut('the export names its schema, and is imported into the same'),
}

/** The tables that are exported, in the order in which they can be written. */
export const EXPORTED: readonly (readonly [string, Extract<Fate, { kind: 'exported' }>])[] = Object.entries(
  TABLES,
).flatMap(([table, fate]) => (fate.kind === 'exported' ? [[table, fate] as const] : []))

/** What an erased person is called wherever their name was. */
export const DELETED_PERSON = 'deleted person'

export type PersonTable =
  | {
      readonly fate: 'removed'
      /** Of `$1`, the person. */
      readonly where: string
    }
  | {
      readonly fate: 'kept'
      readonly why: string
      /** Left out where to count would be to read every log. */
      readonly where?: string
    }

const removed = (where: string): PersonTable => ({ fate: 'removed', where })
const kept = (why: string, where?: string): PersonTable => ({ fate: 'kept', why, ...(where && { where }) })

const LOG = 'the log is never rewritten; the id in it stands for nobody any more'
const DERIVED = 'made from the log, and says the id as that does'

/**
 * Every table in which a person's id or name may stand, but those of their inbox, which is erased as a room. A test holds
 * the list against the columns of the schema.
 */
export const PERSON_TABLES: Readonly<Record<string, PersonTable>> = {
  people_seen: removed('user_id = $1'),
  room_people: removed('user_id = $1'),
  read_positions: removed('user_id = $1'),
  project_members: removed('user_id = $1'),
  event_tickets: removed('user_id = $1'),
  chat_blocks: removed('user_id = $1'),
  analytics_batches: removed('user_id = $1'),
  people: kept('its name is “deleted person”, for good', 'id = $1'),
  chat_members: kept(
    'of groups they have left it; a direct chat stays the other one’s, with a deleted person',
    'user_id = $1',
  ),
  revocations: kept('no token that was issued until now is taken again', 'user_id = $1'),
  audit_log: kept('what administrators did is a record for others', 'actor = $1'),
  room_updates: kept(LOG),
  room_segments: kept(LOG),
  room_events: kept(LOG),
  history_blocks: kept(DERIVED),
  history_activity: kept(DERIVED, 'actor = $1'),
  history_stretches: kept(DERIVED),
  activities: kept(DERIVED, 'actor = $1'),
  chats: kept(DERIVED, 'created_by = $1'),
  chat_messages: kept(
    'what was said is the chat’s; an administrator of it may delete messages',
    'author = $1',
  ),
  chat_reactions: kept(DERIVED, 'user_id = $1'),
  versions: kept('a version is the room’s', 'author = $1'),
  rooms: kept('who made a room, or deleted it, by the id', '$1 in (created_by, deleted_by)'),
  webhooks: kept('who set it up, by the id', 'created_by = $1'),
  webhook_deliveries: kept('what was told is a record; it goes with its age'),
  webhook_changes: kept('what is about to be told', '$1 = any(actors)'),
  room_sizes: kept(DERIVED, '$1 = any(recent)'),
}

/** Tables of the inbox that the report counts. */
export const INBOX_TABLES = [
  'room_events',
  'notifications',
  'notification_preferences',
  'digest_windows',
  'digest_items',
]

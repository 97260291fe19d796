import type { Kind } from '../channels/kind.ts'
import type { Role } from '../protocol.ts'

/** What editing is called among the types of events. */
export const EDITED = 'edited'
/** As history, of which it is a part. */
const EDITED_ROLE: Role = 'write'

/** Conversations have unread counts of their own, and whatever is in them is nobody's activity. */
const PRIVATE_KINDS: ReadonlySet<string> = new Set(['chat', 'user'])

/** What goes on within something that is told of when it begins and ends. */
const QUIET: ReadonlySet<string> = new Set([
  'analytics.measured',
  'build.log',
  'build.progress',
  'build.queued',
  'comment.reaction.added',
  'comment.reaction.removed',
  'deployment.progress',
  'idea.parsed',
  'node.edited',
  'performance.alert',
])

export const isPrivate = (room: string): boolean => PRIVATE_KINDS.has(room.slice(0, room.indexOf(':')))

/** The types of activities, with the role that is needed to be told of each. */
export function activityTypes(kinds: readonly Kind[]): ReadonlyMap<string, Role> {
  const types = kinds
    .filter(({ name }) => !PRIVATE_KINDS.has(name))
    .flatMap(({ name, events }) =>
      Object.entries(events).map(([event, { read }]) => [`${name}.${event}`, read] as const),
    )
    .filter(([type]) => !QUIET.has(type))
  return new Map([...types, [EDITED, EDITED_ROLE]])
}

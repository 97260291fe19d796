/** Groups of activities, for the server and for browsers: it imports nothing. */

/** What somebody did in a room of a project, as it is sent. */
export interface Activity {
  /** Of the same thing it is always the same: what comes again has changed. */
  readonly id: string
  readonly room: string
  readonly kind: string
  /** What the room is called; null where nobody said. */
  readonly title: string | null
  /** An event's type, or `edited`. */
  readonly type: string
  readonly actor: string
  /** As they were last called; null where nobody said. */
  readonly name: string | null
  /** When it happened, or began; ISO 8601, UTC. */
  readonly at: string
  readonly until: string
  /** Its position in the room, or the first and the last. */
  readonly seq: number
  readonly lastSeq: number
  readonly text: string
  /** Of edits: how many, and how many characters. */
  readonly entries: number
  readonly inserted: number
  readonly deleted: number
}

export interface Participant {
  readonly id: string
  readonly name: string | null
  readonly count: number
}

/** What was done of one type in one room on one day. */
export interface ActivityGroup {
  readonly key: string
  /** As `2026-11-21`. */
  readonly day: string
  readonly room: string
  readonly kind: string
  readonly title: string | null
  readonly type: string
  /** Who did it, whoever did it last first. */
  readonly people: readonly Participant[]
  /** The first and the last time. */
  readonly at: string
  readonly until: string
  /** Newest first; every activity is in one group. */
  readonly items: readonly Activity[]
}

/** Tells on which day a moment was, as `2026-11-21`; without it, in UTC. */
export type DayOf = (at: string) => string

const utcDay: DayOf = (at) => at.slice(0, 10)

/** Groups activities, newest first. The same whatever pages they came in, as long as these are put one after the other. */
export function groupActivities(items: readonly Activity[], dayOf: DayOf = utcDay): readonly ActivityGroup[] {
  const groups = new Map<string, Activity[]>()
  for (const item of items) {
    const key = JSON.stringify([dayOf(item.at), item.room, item.type])
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [item])
    else group.push(item)
  }
  return [...groups].map(([key, group]) => groupOf(key, group, dayOf))
}

function groupOf(key: string, items: readonly Activity[], dayOf: DayOf): ActivityGroup {
  const [newest] = items
  if (newest === undefined) throw new RangeError('a group has at least one activity')
  const { room, kind, title, type } = newest
  const people = new Map<string, Participant>()
  let { at, until } = newest
  for (const item of items) {
    const known = people.get(item.actor)
    people.set(item.actor, {
      id: item.actor,
      name: known?.name ?? item.name,
      count: (known?.count ?? 0) + 1,
    })
    if (item.at < at) at = item.at
    if (item.until > until) until = item.until
  }
  return {
    key,
    day: dayOf(newest.at),
    room,
    kind,
    title,
    type,
    people: [...people.values()],
    at,
    until,
    items,
  }
}

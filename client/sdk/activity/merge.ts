import type { Activity } from '../../../server/activity/groups.ts'

/**
 * Activities with others that have come or changed, newest first, each once and as it was said last. What is older than
 * all of them is left to the page on which it stands, where there is one.
 */
export function merged(
  items: readonly Activity[],
  changed: readonly Activity[],
  goesOn: boolean,
): readonly Activity[] {
  if (changed.length === 0) return items
  const news = new Map(changed.map((item) => [item.id, item]))
  const known = new Set(items.map(({ id }) => id))
  const oldest = items.at(-1)?.at ?? ''
  const added = [...news.values()]
    .filter(({ id, at }) => !known.has(id) && (!goesOn || at >= oldest))
    // What came last of one moment is the newest of it.
    .reverse()
  return [...added, ...items.map((item) => news.get(item.id) ?? item)].sort(newestFirst)
}

/** Activities and the next page of them. */
export function continued(items: readonly Activity[], page: readonly Activity[]): readonly Activity[] {
  const known = new Set(items.map(({ id }) => id))
  return [...items, ...page.filter(({ id }) => !known.has(id))]
}

const newestFirst = (one: Activity, other: Activity): number =>
  one.at === other.at ? 0 : one.at < other.at ? 1 : -1

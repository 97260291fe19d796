import type { Notification } from './inbox-state.ts'

/** Notifications of one category about one thing. */
export interface NotificationGroup {
  readonly key: string
  /** Newest first; at least one. */
  readonly notifications: readonly [Notification, ...Notification[]]
  readonly unread: number
}

/** What is shown as one: newest first, each group where its newest stands. What belongs to no group stands alone. */
export function groupNotifications(notifications: readonly Notification[]): readonly NotificationGroup[] {
  const groups = new Map<string, [Notification, ...Notification[]]>()
  for (const one of notifications) {
    const { category, group } = one.payload
    const key = group === undefined ? `id ${one.id}` : `group ${category} ${group}`
    const known = groups.get(key)
    if (known === undefined) groups.set(key, [one])
    else known.push(one)
  }
  return [...groups].map(([key, all]) => ({
    key,
    notifications: all,
    unread: all.filter(({ read }) => !read).length,
  }))
}

import { useMemo, useSyncExternalStore } from 'react'
import { type Inbox, type InboxFilter, type InboxView, inboxOf } from '../sdk/notifications/inbox.ts'
import type { NotificationPreferences } from '../sdk/notifications/inbox-state.ts'
import { useClient } from './provider.ts'

export interface UseNotifications extends InboxView {
  readonly inbox: Inbox
}

/** One's own notifications as this filter shows them, how many are unread, and the inbox to mark them with. */
export const useNotifications = (filter: InboxFilter = 'kept'): UseNotifications => {
  const inbox = inboxOf(useClient(), filter)
  const view = useSyncExternalStore(inbox.subscribe, inbox.getState, inbox.getState)
  return useMemo(() => ({ ...view, inbox }), [view, inbox])
}

/** What one wants to be told of, and how to change it: what is named changes, and nothing else. */
export const useNotificationPreferences = (): readonly [
  NotificationPreferences,
  (change: Parameters<Inbox['setPreferences']>[0]) => void,
] => {
  const { preferences, inbox } = useNotifications()
  return useMemo(() => [preferences, (change) => inbox.setPreferences(change)], [preferences, inbox])
}

import { notifications as toasts } from '@mantine/notifications'
import { useEffect } from 'react'
import { useNotifications } from '../../react/index.ts'
import type { Notification } from '../../sdk/index.ts'
import { INBOX, navigate } from '../router.ts'
import { TYPED_INTO } from '../shell/use-keys.ts'
import { targetOf, whereabouts } from './words.ts'

/** As many are shown by themselves; of more than that, how many there are. */
const MOST = 3

/**
 * Shows what comes while the page is open, in the page that is looked at. Nothing is laid over what somebody types: the
 * number in the header says as much then.
 */
export function useToasts(): void {
  const { inbox } = useNotifications()
  useEffect(
    () =>
      inbox.onNew((fresh) => {
        if (document.visibilityState !== 'visible') return
        if (document.activeElement?.closest(TYPED_INTO) != null) return
        if (fresh.length <= MOST) for (const one of fresh) show(one, inbox.getState().names)
        else
          toasts.show({
            id: toastId('many'),
            title: `${fresh.length} new notifications`,
            message: 'They are in your inbox',
            ...look,
            onClick: () => navigate(INBOX),
          })
      }),
    [inbox],
  )
}

/** They are in the list that is looked at. */
export function hideToasts(shown: readonly Notification[]): void {
  for (const { id } of shown) toasts.hide(toastId(id))
  toasts.hide(toastId('many'))
}

const toastId = (id: string): string => `notification ${id}`

function show(one: Notification, names: Readonly<Record<string, string>>): void {
  const target = targetOf(one)
  toasts.show({
    id: toastId(one.id),
    title: one.payload.title,
    message: whereabouts(one, names),
    ...look,
    ...(target?.inside === true && { onClick: () => navigate(target.href) }),
  })
}

const look = { withBorder: true, closeButtonProps: { 'aria-label': 'Close' } }

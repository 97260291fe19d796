import { notifications as toasts } from '@mantine/notifications'
import { type MouseEvent, useEffect } from 'react'
import { useClient, useNotifications } from '../../react/index.ts'
import type { Client, Notification } from '../../sdk/index.ts'
import { INBOX, navigate } from '../router.ts'
import { TYPED_INTO } from '../shell/use-keys.ts'
import { titleOf } from './room-titles.ts'
import { type Target, targetOf, whereabouts } from './words.ts'

/** As many are shown by themselves; of more than that, how many there are. */
const MOST = 3

/**
 * Shows what comes while the page is open, in the page that is looked at. Nothing is laid over what somebody types: the
 * number in the header says as much then.
 */
export function useToasts(): void {
  const client = useClient()
  const { inbox } = useNotifications()
  useEffect(
    () =>
      inbox.onNew((fresh) => {
        if (document.visibilityState !== 'visible') return
        if (document.activeElement?.closest(TYPED_INTO) != null) return
        if (fresh.length <= MOST)
          for (const one of fresh)
            titleIn(client, one).then((title) => show(one, whereabouts(one, inbox.getState().names, title)))
        else
          toasts.show({
            id: toastId('many'),
            title: `${fresh.length} new notifications`,
            message: 'They are in your inbox',
            ...look,
            onClick: () => navigate(INBOX),
          })
      }),
    [client, inbox],
  )
}

/** They are in the list that is looked at. */
export function hideToasts(shown: readonly Notification[]): void {
  for (const { id } of shown) toasts.hide(toastId(id))
  toasts.hide(toastId('many'))
}

const toastId = (id: string): string => `notification ${id}`

const titleIn = async (client: Client, { payload: { source } }: Notification): Promise<string | undefined> =>
  source && titleOf(client, source.room)

function show(one: Notification, message: string): void {
  const target = targetOf(one)
  toasts.show({
    id: toastId(one.id),
    title: one.payload.title,
    message,
    ...look,
    ...(target !== undefined && {
      style: { cursor: 'pointer' },
      onClick: (click: MouseEvent) => goTo(click, target),
    }),
  })
}

const goTo = ({ target }: MouseEvent, { href, inside }: Target): void => {
  // It was closed.
  if (target instanceof Element && target.closest('button') !== null) return
  if (inside) navigate(href)
  else window.open(href, '_blank', 'noopener,noreferrer')
}

const look = { withBorder: true, closeButtonProps: { 'aria-label': 'Close' } }

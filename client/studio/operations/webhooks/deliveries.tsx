import { EmptyState, Text } from '@mantine/core'
import { IconMailFast } from '@tabler/icons-react'
import { useCallback, useState } from 'react'
import type { TokenSource } from '../../api.ts'
import { ago, exactly } from '../../times.ts'
import { ask } from '../api.ts'
import { ListState } from '../section-page.tsx'
import { type ReadPage, usePages } from '../use-pages.ts'
import { DeliveryDialog } from './delivery-dialog.tsx'
import { type Delivery, webhookRoute } from './webhook.ts'
import { DeliveryState } from './webhook-state.tsx'

interface DeliveriesProps {
  readonly token: TokenSource
  readonly webhook: string
  readonly status: Delivery['status'] | ''
}

/** While something waits, and else. */
const LOOK_MS = { busy: 1_000, idle: 5_000 } as const
const keyOf = ({ id }: Delivery): string => id

/** What a webhook was sent and is to be sent, newest first. */
export function Deliveries({ token, webhook, status }: DeliveriesProps) {
  const [busy, setBusy] = useState(false)
  const read = useCallback<ReadPage<Delivery>>(
    async (after, signal) => {
      const path = `${webhookRoute(webhook)}/deliveries`
      const query = { status, after, limit: '50' }
      const page = await ask<{ deliveries: readonly Delivery[]; next: number | null }>(
        token,
        path,
        query,
        signal,
      )
      setBusy(page.deliveries.some((delivery) => delivery.status === 'waiting'))
      return { items: page.deliveries, next: page.next === null ? undefined : String(page.next) }
    },
    [token, webhook, status],
  )
  const { items, error, loadMore, reload } = usePages(read, keyOf, LOOK_MS[busy ? 'busy' : 'idle'])
  const [open, setOpen] = useState<string>()
  return (
    <>
      <ListState
        items={items}
        error={error}
        retry={reload}
        loadMore={loadMore}
        safe="What is to be sent waits, and is sent."
        loading="Loading the deliveries"
        empty={
          <EmptyState
            py={40}
            icon={<IconMailFast />}
            title={status === '' ? 'Nothing was sent yet' : 'No delivery is like this'}
            description={
              status === ''
                ? 'As soon as something happens of which it is told, it stands here. A test is sent at once.'
                : 'The choice of a status hides all that there are.'
            }
          />
        }
      >
        <ul className="rows" aria-label="Deliveries">
          {items?.map((delivery) => (
            <li key={delivery.id}>
              <button type="button" className="webhook" onClick={() => setOpen(delivery.id)}>
                <span className="webhook-what">
                  <span className="delivery-type">{delivery.type}</span>
                  <Text span size="sm" c="dimmed">
                    {delivery.room === null ? '' : `${delivery.room} · `}
                    <time dateTime={delivery.createdAt} title={exactly(delivery.createdAt)}>
                      {ago(delivery.createdAt)}
                    </time>
                    {outcome(delivery)}
                  </Text>
                </span>
                <DeliveryState status={delivery.status} />
              </button>
            </li>
          ))}
        </ul>
      </ListState>
      <DeliveryDialog
        token={token}
        webhook={webhook}
        id={open}
        onClose={() => setOpen(undefined)}
        onReplayed={reload}
      />
    </>
  )
}

/** “ · answered 503 after 3 tries, sent again, next try in 5 minutes” */
function outcome({ attempts, replays, statusCode, error, nextAttemptAt, status }: Delivery): string {
  if (attempts === 0) return ''
  const what = statusCode === null ? (error ?? 'no answer') : `answered ${statusCode}`
  const tries = attempts === 1 ? '' : ` after ${attempts} tries`
  const next = status === 'waiting' && nextAttemptAt !== null ? `, next try ${ago(nextAttemptAt)}` : ''
  return ` · ${what}${tries}${replays === 0 ? '' : ', sent again'}${next}`
}

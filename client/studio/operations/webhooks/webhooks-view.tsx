import './webhooks.css'
import { Button, EmptyState, Text } from '@mantine/core'
import { IconPlus, IconWebhook } from '@tabler/icons-react'
import { useCallback, useState } from 'react'
import type { TokenSource } from '../../api.ts'
import { count } from '../../rooms/figures.ts'
import { operationsPath } from '../../router.ts'
import { EmptyPage } from '../../shell/empty-page.tsx'
import { act, ask } from '../api.ts'
import { ForAdministrators } from '../for-administrators.tsx'
import { ListState, SectionPage } from '../section-page.tsx'
import { useOpened } from '../use-choice.ts'
import { type ReadPage, usePages } from '../use-pages.ts'
import { SecretDialog } from './secret-dialog.tsx'
import { WEBHOOKS, type Webhook, type WebhookFields } from './webhook.ts'
import { WebhookDialog } from './webhook-dialog.tsx'
import { WebhookPage } from './webhook-page.tsx'
import { WebhookState } from './webhook-state.tsx'

const LOOK_MS = 10_000
/** What the address says of the one that is open alone. */
const OF_THE_OPEN = ['status'] as const
const keyOf = ({ id }: Webhook): string => id

/** The addresses that are told of what happens, or one of them with what it was sent. */
export function WebhooksView({ token }: { readonly token: TokenSource }) {
  const [chosen, open] = useOpened('webhook', OF_THE_OPEN)
  const read = useCallback<ReadPage<Webhook>>(
    async (_, signal) => {
      const { webhooks } = await ask<{ webhooks: readonly Webhook[] }>(token, WEBHOOKS, {}, signal)
      return { items: webhooks, next: undefined }
    },
    [token],
  )
  const { items, error, reload } = usePages(read, keyOf, LOOK_MS)
  const [creating, setCreating] = useState(false)
  const [secret, setSecret] = useState<string>()
  const create = async (fields: WebhookFields) => {
    const made = await act<{ readonly id: string; readonly secret: string }>(token, 'POST', WEBHOOKS, fields)
    setSecret(made.secret)
    reload()
  }
  const shown = items?.find(({ id }) => id === chosen)
  if (error?.code === 'forbidden') return <ForAdministrators />
  if (shown !== undefined)
    return (
      <WebhookPage
        key={shown.id}
        token={token}
        webhook={shown}
        onChanged={reload}
        onLeave={() => open('')}
        onDeleted={() => {
          // Back is not to lead to what is gone.
          open('', { replace: true })
          reload()
        }}
      />
    )
  if (chosen !== '' && items !== undefined)
    return (
      <EmptyPage
        icon={<IconWebhook />}
        title="There is no such webhook"
        description="It was deleted, or its address is mistyped."
        path={operationsPath('webhooks')}
        action="See all webhooks"
      />
    )
  const add = (
    <Button leftSection={<IconPlus size={18} />} onClick={() => setCreating(true)}>
      New webhook
    </Button>
  )
  return (
    <SectionPage
      title="Webhooks"
      says="Addresses that are told, by signed messages, of what happens here."
      action={items === undefined || items.length === 0 ? null : add}
    >
      <ListState
        items={items}
        error={error}
        retry={reload}
        safe="What was to be sent waits, and is sent."
        loading="Loading the webhooks"
        empty={
          <EmptyState
            py={48}
            icon={<IconWebhook />}
            title="No webhooks yet"
            description="A webhook tells another program what happens: a document changed, a version was made, a build failed. What cannot be sent is tried again for days."
          >
            <EmptyState.Actions>{add}</EmptyState.Actions>
          </EmptyState>
        }
      >
        <ul className="rows" aria-label="Webhooks">
          {items?.map((webhook) => (
            <li key={webhook.id}>
              <button type="button" className="webhook" onClick={() => open(webhook.id)}>
                <span className="webhook-what">
                  <span className="webhook-url">{webhook.url}</span>
                  <Text span size="sm" c="dimmed">
                    {webhook.description === '' ? '' : `${webhook.description} · `}
                    {webhook.events.join(', ')}
                    {webhook.rooms.length === 0 ? '' : ` in ${webhook.rooms.join(', ')}`}
                  </Text>
                </span>
                {webhook.waiting === 0 ? null : (
                  <Text span size="sm" c="dimmed">
                    {count(webhook.waiting)} {webhook.waiting === 1 ? 'waits' : 'wait'}
                  </Text>
                )}
                <WebhookState webhook={webhook} />
              </button>
            </li>
          ))}
        </ul>
      </ListState>
      <WebhookDialog opened={creating} onSave={create} onUnsure={reload} onClose={() => setCreating(false)} />
      <SecretDialog secret={secret} says="" onClose={() => setSecret(undefined)} />
    </SectionPage>
  )
}

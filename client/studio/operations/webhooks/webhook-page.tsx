import { ActionIcon, Alert, Button, Group, Menu, NativeSelect, Stack, Text, Title } from '@mantine/core'
import {
  IconAlertTriangle,
  IconArrowLeft,
  IconDots,
  IconKey,
  IconPencil,
  IconPlayerPause,
  IconPlayerPlay,
  IconSend,
  IconTrash,
} from '@tabler/icons-react'
import { useState } from 'react'
import type { TokenSource } from '../../api.ts'
import { ActDialog } from '../../shell/act-dialog.tsx'
import { failureWords } from '../../shell/failure.ts'
import { useAttempt } from '../../shell/use-attempt.ts'
import { exactly } from '../../times.ts'
import { act } from '../api.ts'
import { useChosen } from '../use-choice.ts'
import { Deliveries } from './deliveries.tsx'
import { SecretDialog } from './secret-dialog.tsx'
import { STATUS_WORDS, STATUSES, type Webhook, webhookRoute } from './webhook.ts'
import { WebhookDialog } from './webhook-dialog.tsx'
import { WebhookState } from './webhook-state.tsx'

interface WebhookPageProps {
  readonly token: TokenSource
  readonly webhook: Webhook
  readonly onChanged: () => void
  readonly onLeave: () => void
  readonly onDeleted: () => void
}

/** One webhook: how it stands, what can be done with it, and what it was sent. */
export function WebhookPage({ token, webhook, onChanged, onLeave, onDeleted }: WebhookPageProps) {
  const { id, url, description, events, rooms, active, createdAt, createdBy, previousSecretUntil } = webhook
  const [status, setStatus] = useChosen('status')
  const [asked, setAsked] = useState<'change' | 'rotate' | 'delete'>()
  const [secret, setSecret] = useState<string>()
  const [sent, setSent] = useState(0)
  const route = webhookRoute(id)
  const lookAgain = () => {
    onChanged()
    setSent((count) => count + 1)
  }
  const { failure, run } = useAttempt(lookAgain)
  const attempt = (work: () => Promise<unknown>) => void run(work, lookAgain)
  const close = () => setAsked(undefined)
  return (
    <Stack className="page page-wide" gap="lg">
      <Group gap="sm" wrap="nowrap" align="flex-start">
        <ActionIcon
          variant="subtle"
          color="gray"
          size={40}
          aria-label="Back to the webhooks"
          onClick={onLeave}
        >
          <IconArrowLeft size={20} />
        </ActionIcon>
        <Stack gap={6} className="webhook-head">
          <Title order={1} size="h3" className="webhook-url">
            {url}
          </Title>
          <Group gap="sm">
            <WebhookState webhook={webhook} />
            <Text size="sm" c="dimmed">
              {description === '' ? '' : `${description} · `}by {createdBy}, {exactly(createdAt)}
            </Text>
          </Group>
          <Text size="sm">
            Told of {events.join(', ')} in {rooms.length === 0 ? 'every room' : rooms.join(', ')}.
            {previousSecretUntil !== null && Date.parse(previousSecretUntil) > Date.now()
              ? ` Signed with the secret before, too, until ${exactly(previousSecretUntil)}.`
              : ''}
          </Text>
        </Stack>
      </Group>
      <Group gap="sm">
        <Button
          leftSection={<IconSend size={16} />}
          onClick={() => attempt(() => act(token, 'POST', `${route}/test`))}
        >
          Send a test
        </Button>
        <Button
          variant="default"
          leftSection={active ? <IconPlayerPause size={16} /> : <IconPlayerPlay size={16} />}
          onClick={() => attempt(() => act(token, 'PATCH', route, { active: !active }))}
        >
          {active ? 'Pause' : 'Switch on'}
        </Button>
        <Menu position="bottom-end" width={220}>
          <Menu.Target>
            <ActionIcon variant="default" size={36} aria-label="More for this webhook">
              <IconDots size={18} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item leftSection={<IconPencil size={16} />} onClick={() => setAsked('change')}>
              Change…
            </Menu.Item>
            <Menu.Item leftSection={<IconKey size={16} />} onClick={() => setAsked('rotate')}>
              New secret…
            </Menu.Item>
            <Menu.Divider />
            <Menu.Item leftSection={<IconTrash size={16} />} onClick={() => setAsked('delete')}>
              Delete…
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      </Group>
      {failure === undefined ? null : (
        <Alert
          color="orange"
          role="alert"
          icon={<IconAlertTriangle />}
          title={failure.unsure ? 'Whether that was done is not known' : 'That could not be done'}
        >
          {failureWords(failure)}
        </Alert>
      )}
      <Group justify="space-between" align="center" gap="sm">
        <Title order={2} size="h4">
          Deliveries
        </Title>
        <NativeSelect
          aria-label="Status"
          value={status}
          onChange={(event) => setStatus(event.currentTarget.value)}
          data={[
            { value: '', label: 'Any status' },
            ...STATUSES.map((value) => ({ value, label: STATUS_WORDS[value] })),
          ]}
        />
      </Group>
      <Deliveries
        key={sent}
        token={token}
        webhook={id}
        status={STATUSES.find((one) => one === status) ?? ''}
      />
      <WebhookDialog
        opened={asked === 'change'}
        before={webhook}
        onSave={async ({ url, description, events, rooms }) => {
          await act(token, 'PATCH', route, { url, description, events, rooms })
          onChanged()
        }}
        onUnsure={onChanged}
        onClose={close}
      />
      <ActDialog
        opened={asked === 'rotate'}
        title="A new secret"
        button="Make a new secret"
        onAct={async () => {
          setSecret((await act<{ readonly secret: string }>(token, 'POST', `${route}/secret`)).secret)
          onChanged()
        }}
        onUnsure={onChanged}
        onClose={close}
      >
        <Text>
          For a day messages are signed with both, so that the receiver can change over without losing one.
        </Text>
      </ActDialog>
      <ActDialog
        opened={asked === 'delete'}
        title="Delete this webhook"
        button="Delete"
        dangerous
        onAct={async () => {
          await act(token, 'DELETE', route)
          onDeleted()
        }}
        onUnsure={onChanged}
        onClose={close}
      >
        <Text>
          What waits for <b>{url}</b> is not sent any more, and the list of what it was sent goes. To hold it
          up for a while, pause it.
        </Text>
      </ActDialog>
      <SecretDialog
        secret={secret}
        says="The one before counts for another day."
        onClose={() => setSecret(undefined)}
      />
    </Stack>
  )
}

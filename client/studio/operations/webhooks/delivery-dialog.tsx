import { Alert, Button, Group, Modal, Skeleton, Stack, Table, Text } from '@mantine/core'
import { IconAlertTriangle, IconRefresh } from '@tabler/icons-react'
import { useEffect, useState } from 'react'
import type { TokenSource } from '../../api.ts'
import { failureOf, failureWords } from '../../shell/failure.ts'
import { useAttempt } from '../../shell/use-attempt.ts'
import { exactly } from '../../times.ts'
import { act, ask } from '../api.ts'
import { type Delivery, deliveryRoute } from './webhook.ts'
import { DeliveryState } from './webhook-state.tsx'

interface DeliveryDialogProps {
  readonly token: TokenSource
  readonly webhook: string
  /** Undefined while none is looked at. */
  readonly id: string | undefined
  readonly onClose: () => void
  readonly onReplayed: () => void
}

type Whole = Delivery & { readonly message: Readonly<Record<string, unknown>> }

/** One delivery: what was sent, what became of it, and how to send it again. */
export function DeliveryDialog({ token, webhook, id, onClose, onReplayed }: DeliveryDialogProps) {
  const [delivery, setDelivery] = useState<Whole>()
  const [unread, setUnread] = useState<string>()
  const { running, failure, run, forget } = useAttempt(onReplayed)
  useEffect(() => {
    setDelivery(undefined)
    setUnread(undefined)
    forget()
    if (id === undefined) return
    const controller = new AbortController()
    ask<Whole>(token, deliveryRoute(webhook, id), {}, controller.signal).then(
      setDelivery,
      (cause: unknown) => {
        if (!controller.signal.aborted) setUnread(`${failureOf(cause).why}.`)
      },
    )
    return () => controller.abort()
  }, [token, webhook, id, forget])
  const replay = (of: string) =>
    run(
      () => act(token, 'POST', `${deliveryRoute(webhook, of)}/replay`),
      () => {
        onReplayed()
        onClose()
      },
    )
  const wrong = failure === undefined ? unread : failureWords(failure)
  return (
    <Modal
      opened={id !== undefined}
      onClose={() => {
        if (!running) onClose()
      }}
      size="lg"
      title="A delivery"
    >
      <Stack gap="md">
        {wrong === undefined ? null : (
          <Alert color="orange" role="alert" icon={<IconAlertTriangle />}>
            {wrong}
          </Alert>
        )}
        {delivery === undefined ? (
          wrong === undefined && (
            <Stack gap="sm" role="status" aria-label="Loading the delivery">
              <Skeleton height={20} width="40%" />
              <Skeleton height={160} />
            </Stack>
          )
        ) : (
          <>
            <Facts delivery={delivery} />
            <Text fw={600}>Message</Text>
            {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard */}
            <section className="delivery-message" tabIndex={0} aria-label="Message">
              {JSON.stringify(delivery.message, null, 2)}
            </section>
          </>
        )}
        <Group justify="flex-end" gap="sm">
          <Button variant="default" disabled={running} onClick={onClose}>
            Close
          </Button>
          <Button
            leftSection={<IconRefresh size={16} />}
            disabled={delivery === undefined || delivery.status === 'waiting'}
            loading={running}
            onClick={() => void (id === undefined || replay(id))}
          >
            Send again
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}

function Facts({ delivery }: { readonly delivery: Delivery }) {
  const { type, room, seq, status, attempts, replays, lastAttemptAt, nextAttemptAt, statusCode } = delivery
  const facts: readonly (readonly [string, string | null])[] = [
    ['Tells of', room === null ? type : `${type} in ${room}${seq === null ? '' : `, entry ${seq}`}`],
    [
      'Tries',
      `${attempts}${replays === 0 ? '' : `, sent again ${replays === 1 ? 'once' : `${replays} times`}`}`,
    ],
    ['Last try', lastAttemptAt === null ? null : exactly(lastAttemptAt)],
    ['Answer', statusCode === null ? null : String(statusCode)],
    ['It took', delivery.duration === null ? null : `${delivery.duration} ms`],
    ['What went wrong', delivery.error],
    ['Next try', nextAttemptAt === null ? null : exactly(nextAttemptAt)],
    ['Id', delivery.id],
  ]
  return (
    <>
      <Group>
        <DeliveryState status={status} />
      </Group>
      <Table withRowBorders={false} verticalSpacing={4}>
        <Table.Tbody>
          {facts.map(([label, value]) =>
            value === null ? null : (
              <Table.Tr key={label}>
                <Table.Th fw={400} c="dimmed">
                  {label}
                </Table.Th>
                <Table.Td className="delivery-fact">{value}</Table.Td>
              </Table.Tr>
            ),
          )}
        </Table.Tbody>
      </Table>
    </>
  )
}

import { Alert, Button, Group, Modal, Skeleton, Stack, Text } from '@mantine/core'
import { useEffect, useState } from 'react'
import { RequestError, type TokenSource } from '../api.ts'
import { planRetention, type RetentionPlan, type RoomSummary } from './api.ts'
import { bytes, count } from './figures.ts'

interface RetentionDialogProps {
  readonly token: TokenSource
  readonly room: RoomSummary | undefined
  readonly onClose: () => void
}

/** What the rule of retention would drop of a room, were it applied now. Nothing is dropped here. */
export function RetentionDialog({ token, room, onClose }: RetentionDialogProps) {
  const [plan, setPlan] = useState<RetentionPlan>()
  const [failure, setFailure] = useState<string>()
  const name = room?.name
  useEffect(() => {
    setPlan(undefined)
    setFailure(undefined)
    if (name === undefined) return
    const controller = new AbortController()
    planRetention(token, name, controller.signal).then(setPlan, (cause: unknown) => {
      if (controller.signal.aborted) return
      setFailure(cause instanceof RequestError ? cause.message : 'The server’s answer cannot be read')
    })
    return () => controller.abort()
  }, [token, name])
  return (
    <Modal opened={room !== undefined} onClose={onClose} title="What retention would drop">
      <Stack gap="md">
        {failure === undefined ? null : (
          <Alert color="orange" variant="light" role="alert">
            {failure}. Nothing was dropped.
          </Alert>
        )}
        {plan === undefined ? (
          failure === undefined && (
            <Stack gap="sm" role="status" aria-label="Counting">
              <Skeleton height={14} />
              <Skeleton height={14} width="60%" />
            </Stack>
          )
        ) : (
          <Plan plan={plan} />
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Close
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}

function Plan({ plan: { rule, effect } }: { readonly plan: RetentionPlan }) {
  if (rule === null) return <Text>There is no rule for rooms of this kind: everything is kept.</Text>
  const later = rule.sessions === null ? '' : `; after ${days(rule.sessions)}, versions`
  const kept = `Every keystroke is kept for ${days(rule.keystrokes)}, then sessions${later}.`
  if (effect === null) return <Text>{kept} Nothing of this room is due.</Text>
  const { bytesBefore, bytesAfter, positionsLost, versionsLost } = effect
  return (
    <>
      <Text>{kept} Applied now, it would:</Text>
      <ul className="rooms-effect">
        <li>
          {bytesAfter > bytesBefore
            ? `take ${bytes(bytesAfter - bytesBefore)} more than the ${bytes(bytesBefore)} now: these versions take more than their sessions`
            : `free ${bytes(bytesBefore - bytesAfter)} of ${bytes(bytesBefore)}`}
        </li>
        <li>
          drop {count(positionsLost)} {positionsLost === 1 ? 'position' : 'positions'}
        </li>
        <li>
          drop {count(versionsLost)} automatic {versionsLost === 1 ? 'version' : 'versions'}. Named ones stay.
        </li>
      </ul>
    </>
  )
}

const days = (number: number): string => `${count(number)} ${number === 1 ? 'day' : 'days'}`

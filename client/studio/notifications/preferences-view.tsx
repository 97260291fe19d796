import './notifications.css'
import {
  Alert,
  Button,
  CloseButton,
  Group,
  NativeSelect,
  Stack,
  Switch,
  Table,
  Text,
  TextInput,
  Title,
} from '@mantine/core'
import { type FormEvent, useEffect, useState } from 'react'
import { ROOM_NAME } from '../../../server/protocol.ts'
import { useNotificationPreferences, useNotifications } from '../../react/index.ts'
import { INBOX, linkTo } from '../router.ts'
import { useRoomTitle } from './room-titles.ts'
import { CATEGORIES, categoryLabel } from './words.ts'

/** In minutes. */
const WINDOWS = [
  { value: '0', label: 'At once' },
  { value: '5', label: 'Every 5 minutes' },
  { value: '15', label: 'Every 15 minutes' },
  { value: '60', label: 'Every hour' },
  { value: '1440', label: 'Once a day' },
]

/** Of what one is told, and when: category by category, and the rooms of which one is told nothing. */
export function PreferencesView() {
  const [{ ways, digests, muted }, change] = useNotificationPreferences()
  const { loaded, refusal, notifications } = useNotifications()
  useEffect(() => {
    document.title = 'Notification preferences · Syncline'
  }, [])
  const others = [
    ...notifications.map(({ payload }) => payload.category),
    ...Object.keys(ways),
    ...Object.keys(digests),
  ]
  const own = [...new Set(others)].filter((id) => CATEGORIES.every((category) => category.id !== id)).sort()
  const rows = [
    ...CATEGORIES,
    ...own.map((id) => ({ id, label: categoryLabel(id), says: 'From an application' })),
  ]
  return (
    <Stack className="page" gap="lg">
      <Stack gap={4}>
        <Title order={1} size="h2">
          Notification preferences
        </Title>
        <Text c="dimmed">They hold on all your devices, for what comes from now on.</Text>
      </Stack>
      {refusal === undefined ? null : (
        <Alert role="status" color="orange">
          {refusal.message}.
        </Alert>
      )}
      <Table verticalSpacing="sm" className="preferences">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>What happens</Table.Th>
            <Table.Th>In the app</Table.Th>
            <Table.Th>When</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map(({ id, label, says }) => (
            <Table.Tr key={id}>
              <Table.Th scope="row">
                <Text size="sm" fw={500}>
                  {label}
                </Text>
                <Text size="xs" c="dimmed">
                  {says}
                </Text>
              </Table.Th>
              <Table.Td>
                <Switch
                  aria-label={`${label} in the app`}
                  disabled={!loaded}
                  checked={ways[id] !== 'none'}
                  onChange={(event) =>
                    change({ ways: { [id]: event.currentTarget.checked ? 'app' : 'none' } })
                  }
                />
              </Table.Td>
              <Table.Td>
                <NativeSelect
                  aria-label={`When ${label} are told`}
                  size="xs"
                  disabled={!loaded || ways[id] === 'none'}
                  value={String(digests[id] ?? 0)}
                  data={windowsWith(digests[id] ?? 0)}
                  onChange={(event) => change({ digests: { [id]: Number(event.currentTarget.value) } })}
                />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      <Muted muted={muted} onChange={(room, isMuted) => change({ muted: { [room]: isMuted } })} />
      <Button variant="default" component="a" {...linkTo(INBOX)} style={{ alignSelf: 'flex-start' }}>
        Back to the notifications
      </Button>
    </Stack>
  )
}

/** Also a window that an application has set. */
const windowsWith = (minutes: number) =>
  WINDOWS.some(({ value }) => value === String(minutes))
    ? WINDOWS
    : [...WINDOWS, { value: String(minutes), label: `Every ${minutes} minutes` }]

interface MutedProps {
  readonly muted: readonly string[]
  readonly onChange: (room: string, isMuted: boolean) => void
}

function Muted({ muted, onChange }: MutedProps) {
  const [room, setRoom] = useState('')
  const [wrong, setWrong] = useState(false)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const name = room.trim()
    setWrong(!ROOM_NAME.test(name))
    if (!ROOM_NAME.test(name)) return
    onChange(name, true)
    setRoom('')
  }
  return (
    <Stack gap="sm">
      <Title order={2} size="h4">
        Muted rooms
      </Title>
      <Text size="sm" c="dimmed">
        Nothing that happens in them is told to you.
      </Text>
      {muted.length === 0 ? null : (
        <ul className="plain-list" aria-label="Muted rooms">
          {muted.map((name) => (
            <li key={name}>
              <MutedRoom name={name} onUnmute={() => onChange(name, false)} />
            </li>
          ))}
        </ul>
      )}
      <form onSubmit={submit}>
        <Group gap="xs" align="flex-start">
          <TextInput
            aria-label="Room to mute"
            placeholder="doc:plan"
            value={room}
            error={wrong ? 'A room is called kind:id, such as doc:plan' : undefined}
            onChange={(event) => {
              setRoom(event.currentTarget.value)
              setWrong(false)
            }}
          />
          <Button type="submit" variant="default" disabled={room.trim() === ''}>
            Mute
          </Button>
        </Group>
      </form>
    </Stack>
  )
}

function MutedRoom({ name, onUnmute }: { readonly name: string; readonly onUnmute: () => void }) {
  const title = useRoomTitle(name) ?? name
  return (
    <Group gap="xs" wrap="nowrap">
      <Text size="sm" truncate title={name}>
        {title}
      </Text>
      <CloseButton size="sm" aria-label={`Unmute ${title}`} onClick={onUnmute} />
    </Group>
  )
}

import {
  Alert,
  Anchor,
  Button,
  Center,
  Group,
  Paper,
  PasswordInput,
  Stack,
  Text,
  TextInput,
  Title,
} from '@mantine/core'
import { IconAlertTriangle, IconArrowRight } from '@tabler/icons-react'
import { type FormEvent, useState } from 'react'
import { type Session, startWithName, startWithToken } from './session.ts'
import { Mark } from './shell/mark.tsx'

interface EntryProps {
  readonly development: boolean
  readonly onEnter: (session: Session) => void
}

const LONGEST_NAME = 60

/** The door: a name where the server trusts this machine, a token everywhere else. */
export function Entry({ development, onEnter }: EntryProps) {
  const [withToken, setWithToken] = useState(!development)
  return (
    <Center component="main" mih="100dvh" p="md">
      <Paper withBorder radius="lg" p={{ base: 'lg', xs: 'xl' }} w="100%" maw={400}>
        <Stack gap="lg">
          <Group gap="sm">
            <Mark size={32} />
            <Title order={1} size="h3">
              Syncline
            </Title>
          </Group>
          {withToken ? <TokenForm onEnter={onEnter} /> : <NameForm onEnter={onEnter} />}
          {development ? (
            <Anchor
              component="button"
              type="button"
              size="sm"
              onClick={() => setWithToken((before) => !before)}
            >
              {withToken ? 'Choose a name instead' : 'Use a token instead'}
            </Anchor>
          ) : null}
        </Stack>
      </Paper>
    </Center>
  )
}

function NameForm({ onEnter }: Pick<EntryProps, 'onEnter'>) {
  const [name, setName] = useState('')
  const chosen = name.trim().replace(/\s+/g, ' ')
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (chosen !== '') onEnter(startWithName(chosen))
  }
  return (
    <form onSubmit={submit}>
      <Stack gap="md">
        <TextInput
          label="Your name"
          description="Others see it beside your cursor."
          autoComplete="nickname"
          autoFocus
          maxLength={LONGEST_NAME}
          size="md"
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <Button type="submit" size="md" disabled={chosen === ''} rightSection={<IconArrowRight size={18} />}>
          Start writing
        </Button>
      </Stack>
    </form>
  )
}

function TokenForm({ onEnter }: Pick<EntryProps, 'onEnter'>) {
  const [token, setToken] = useState('')
  const [refused, setRefused] = useState(false)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const session = startWithToken(token.trim())
    if (session === undefined) setRefused(true)
    else onEnter(session)
  }
  return (
    <form onSubmit={submit}>
      <Stack gap="md">
        <PasswordInput
          label="Your token"
          description="From your application or an administrator. It is kept in this tab only."
          autoComplete="off"
          autoFocus
          size="md"
          value={token}
          error={
            refused
              ? 'This does not look like a token: it has three parts with dots between them.'
              : undefined
          }
          onChange={(event) => {
            setToken(event.currentTarget.value)
            setRefused(false)
          }}
        />
        <Button
          type="submit"
          size="md"
          disabled={token.trim() === ''}
          rightSection={<IconArrowRight size={18} />}
        >
          Start writing
        </Button>
      </Stack>
    </form>
  )
}

/** Before the server has said who may enter: it cannot be reached. */
export function Unreachable({
  message,
  onRetry,
}: {
  readonly message: string
  readonly onRetry: () => void
}) {
  return (
    <Center component="main" mih="100dvh" p="md">
      <Alert maw={440} icon={<IconAlertTriangle />} color="orange" title="The server does not answer">
        <Stack gap="sm" align="flex-start">
          <Text size="sm">{message}. What you wrote before is safe on this device.</Text>
          <Button size="xs" onClick={onRetry}>
            Try again
          </Button>
        </Stack>
      </Alert>
    </Center>
  )
}

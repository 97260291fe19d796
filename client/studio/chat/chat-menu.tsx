import { ActionIcon, Button, Group, Menu, Modal, Stack, TagsInput, Text, TextInput } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import {
  IconBell,
  IconBellOff,
  IconDoorExit,
  IconDots,
  IconPencil,
  IconUserOff,
  IconUsers,
} from '@tabler/icons-react'
import { useEffect, useState } from 'react'
import { useChats, useNotificationPreferences, useRoom } from '../../react/index.ts'
import { type ChatSummary, colorFor } from '../../sdk/index.ts'
import { CHATS, navigate } from '../router.ts'
import { KnownAvatar, KnownStatus } from '../shell/person-avatar.tsx'
import { knownPeople } from './new-chat-dialog.tsx'
import { nameOf } from './titles.ts'

interface ChatMenuProps {
  readonly chat: ChatSummary
  readonly self: string
}

/** Says why something could not be done; resolves in any case, to whether it was. */
const attempt = async (work: Promise<unknown>): Promise<boolean> => {
  try {
    await work
    return true
  } catch (error) {
    notifications.show({
      color: 'orange',
      title: 'That could not be done',
      message: error instanceof Error ? error.message : String(error),
      withBorder: true,
    })
    return false
  }
}

/** What one can do about a chat. */
export function ChatMenu({ chat, self }: ChatMenuProps) {
  const room = useRoom(chat.room)
  const [preferences, change] = useNotificationPreferences()
  const muted = preferences.muted.includes(chat.room)
  const [dialog, setDialog] = useState<'people' | 'rename'>()
  const other = chat.members.find(({ id }) => id !== self)
  const icon = { size: 16, stroke: 1.7 }
  const blocked = useBlocked(chat.direct ? other?.id : undefined)

  const leave = async () => {
    if (await attempt(room.publish('chat.left', {}))) navigate(CHATS)
  }
  return (
    <>
      <Menu position="bottom-end" width={220}>
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" size="lg" aria-label="About this chat">
            <IconDots size={20} stroke={1.7} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {chat.direct ? null : (
            <>
              <Menu.Item leftSection={<IconUsers {...icon} />} onClick={() => setDialog('people')}>
                People
              </Menu.Item>
              <Menu.Item leftSection={<IconPencil {...icon} />} onClick={() => setDialog('rename')}>
                Rename
              </Menu.Item>
            </>
          )}
          <Menu.Item
            leftSection={muted ? <IconBell {...icon} /> : <IconBellOff {...icon} />}
            onClick={() => change({ muted: { [chat.room]: !muted } })}
          >
            {muted ? 'Be notified again' : 'Mute'}
          </Menu.Item>
          {chat.direct && other !== undefined ? (
            <Menu.Item
              color="red"
              leftSection={<IconUserOff {...icon} />}
              onClick={() => attempt(blocked.set(!blocked.is))}
            >
              {blocked.is ? `Unblock ${nameOf(other)}` : `Block ${nameOf(other)}`}
            </Menu.Item>
          ) : (
            <Menu.Item color="red" leftSection={<IconDoorExit {...icon} />} onClick={leave}>
              Leave
            </Menu.Item>
          )}
        </Menu.Dropdown>
      </Menu>
      <Modal
        opened={dialog !== undefined}
        onClose={() => setDialog(undefined)}
        title={dialog === 'people' ? 'People in this chat' : 'Rename this chat'}
      >
        {dialog === 'people' ? <PeopleForm chat={chat} self={self} /> : null}
        {dialog === 'rename' ? <RenameForm chat={chat} onClose={() => setDialog(undefined)} /> : null}
      </Modal>
    </>
  )
}

/** Whether one has blocked somebody. */
function useBlocked(user: string | undefined) {
  const { chats } = useChats()
  const [is, setIs] = useState(false)
  useEffect(() => {
    let gone = false
    if (user === undefined) return
    chats.blocked().then(
      (users) => (gone ? undefined : setIs(users.includes(user))),
      () => undefined, // the menu then offers to block, which says why it cannot
    )
    return () => {
      gone = true
    }
  }, [chats, user])
  const set = async (blocked: boolean) => {
    if (user === undefined) return
    await chats.block(user, blocked)
    setIs(blocked)
  }
  return { is, set }
}

function PeopleForm({ chat, self }: ChatMenuProps) {
  const room = useRoom(chat.room)
  const { answer } = useChats()
  const [invited, setInvited] = useState<readonly string[]>([])
  const administers = chat.members.some(({ id, role }) => id === self && role === 'admin')
  const known = knownPeople(answer ?? [], self)
  const here = new Set(chat.members.map(({ id }) => id))
  const invite = async () => {
    const users = invited.map((person) => known.get(person) ?? person.trim())
    if (users.length === 0) return
    if (await attempt(room.publish('chat.invited', { users }))) setInvited([])
  }
  return (
    <Stack gap="md">
      <ul className="plain-list" aria-label="People">
        {chat.members.map((member) => (
          <li key={member.id}>
            <Group wrap="nowrap" gap="sm" py={6}>
              <KnownAvatar id={member.id} name={nameOf(member)} color={colorFor(member.id)} />
              <div className="person-text">
                <Text truncate dir="auto">
                  {nameOf(member)}
                  {member.id === self ? ' (you)' : ''}
                </Text>
                <KnownStatus id={member.id} />
              </div>
              {member.role === 'admin' ? (
                <Text size="sm" c="dimmed">
                  Administrator
                </Text>
              ) : null}
              {administers && member.id !== self ? (
                <Button
                  size="compact-sm"
                  variant="subtle"
                  color="red"
                  aria-label={`Remove ${nameOf(member)}`}
                  onClick={() => attempt(room.publish('chat.removed', { user: member.id }))}
                >
                  Remove
                </Button>
              ) : null}
            </Group>
          </li>
        ))}
      </ul>
      <TagsInput
        label="Invite"
        description="They see what was said before"
        placeholder={invited.length === 0 ? 'Name or id' : ''}
        data={[...known].filter(([, id]) => !here.has(id)).map(([label]) => label)}
        value={[...invited]}
        onChange={setInvited}
        acceptValueOnBlur
      />
      <Button onClick={invite} disabled={invited.length === 0} style={{ alignSelf: 'flex-end' }}>
        Invite
      </Button>
    </Stack>
  )
}

function RenameForm({ chat, onClose }: { readonly chat: ChatSummary; readonly onClose: () => void }) {
  const room = useRoom(chat.room)
  const [title, setTitle] = useState(chat.title ?? '')
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        onClose()
        void attempt(room.publish('chat.renamed', { title: title.trim() }))
      }}
    >
      <Stack gap="md">
        <TextInput
          data-autofocus
          label="Title"
          maxLength={200}
          value={title}
          onChange={(event) => setTitle(event.currentTarget.value)}
        />
        <Button type="submit" style={{ alignSelf: 'flex-end' }}>
          Rename
        </Button>
      </Stack>
    </form>
  )
}

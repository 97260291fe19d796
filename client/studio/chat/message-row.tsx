import { ActionIcon, Button, Group, Menu, Text, Tooltip, UnstyledButton } from '@mantine/core'
import {
  IconArrowBackUp,
  IconClock,
  IconCloudOff,
  IconDots,
  IconMoodPlus,
  IconPencil,
  IconTrash,
} from '@tabler/icons-react'
import { memo } from 'react'
import { useClientStatus } from '../../react/index.ts'
import { colorFor, type ShownMessage } from '../../sdk/index.ts'
import { KnownAvatar, PersonAvatar } from '../shell/person-avatar.tsx'
import { exactly, hourOf } from '../times.ts'
import { Said } from './text.tsx'

export interface MessageActions {
  readonly answer: (message: ShownMessage) => void
  readonly edit: (message: ShownMessage) => void
  readonly delete: (message: ShownMessage) => void
  readonly react: (message: ShownMessage, emoji: string, given: boolean) => void
  readonly sendAgain: (message: ShownMessage) => void
  readonly drop: (message: ShownMessage) => void
  readonly show: (id: string) => void
}

interface MessageRowProps {
  readonly message: ShownMessage
  /** The one that it answers, where that is here. */
  readonly answered: ShownMessage | undefined
  readonly nameOf: (user: string) => string
  readonly self: string
  /** Follows another of the same person's: who and when was said already. */
  readonly continues: boolean
  /** Who has read up to here and no further. */
  readonly readBy: readonly string[]
  /** May delete what others said. */
  readonly administers: boolean
  readonly readOnly: boolean
  readonly actions: MessageActions
}

const EMOJI = ['👍', '❤️', '😂', '🎉', '😮', '😢', '✅', '👀']

export const MessageRow = memo(function MessageRow(props: MessageRowProps) {
  const { message, answered, nameOf, self, continues, readBy, readOnly, actions } = props
  const name = nameOf(message.author)
  const at = new Date(message.at).toISOString()
  return (
    <article
      id={`message-${message.id}`}
      className="message"
      data-state={message.state}
      data-continues={continues || undefined}
      aria-label={`${name}, ${exactly(at)}`}
    >
      <div className="message-side">
        {continues ? null : (
          <KnownAvatar id={message.author} name={name} color={colorFor(message.author)} size={32} />
        )}
      </div>
      <div className="message-body">
        {continues ? null : (
          <Group gap={8} wrap="nowrap" className="message-head">
            <Text component="span" fw={600} truncate dir="auto">
              {name}
            </Text>
            <time dateTime={at} title={exactly(at)} className="message-time">
              {hourOf(message.at)}
            </time>
          </Group>
        )}
        {message.answers === null ? null : (
          <UnstyledButton className="message-answered" onClick={() => actions.show(message.answers ?? '')}>
            {answered === undefined ? (
              'An earlier message'
            ) : (
              <>
                <b>{nameOf(answered.author)}</b>{' '}
                <span dir="auto">{answered.deleted ? 'deleted' : answered.text}</span>
              </>
            )}
          </UnstyledButton>
        )}
        {message.deleted ? (
          <Text c="dimmed" fs="italic">
            This message was deleted
          </Text>
        ) : (
          <div className="message-text">
            <Said text={message.text} mentioned={message.mentions.map(nameOf)} />
            {message.editedAt === null ? null : (
              <Text
                component="span"
                size="xs"
                c="dimmed"
                title={exactly(new Date(message.editedAt).toISOString())}
              >
                edited
              </Text>
            )}
            {message.links.map(({ url, title }) => (
              <a
                key={url}
                className="message-link"
                href={url}
                target="_blank"
                rel="noopener noreferrer nofollow"
              >
                {title ?? url}
              </a>
            ))}
          </div>
        )}
        <Reactions message={message} nameOf={nameOf} self={self} readOnly={readOnly} actions={actions} />
        <Sending message={message} actions={actions} />
        {readBy.length === 0 ? null : (
          <Tooltip label={`Read by ${readBy.map(nameOf).join(', ')}`}>
            <div
              className="message-readers"
              role="img"
              aria-label={`Read by ${readBy.map(nameOf).join(', ')}`}
            >
              {readBy.slice(0, 5).map((user) => (
                <PersonAvatar key={user} name={nameOf(user)} color={colorFor(user)} size={16} />
              ))}
            </div>
          </Tooltip>
        )}
      </div>
      {message.state !== 'sent' || message.deleted || readOnly ? null : <Actions {...props} />}
    </article>
  )
})

function Sending({ message, actions }: Pick<MessageRowProps, 'message' | 'actions'>) {
  const connected = useClientStatus() === 'online'
  if (message.state === 'waiting') {
    const Icon = connected ? IconClock : IconCloudOff
    return (
      <Group gap={4} className="message-waiting" role="status">
        <Icon size={14} aria-hidden="true" />
        <span>{connected ? 'On its way' : 'Waits for the connection'}</span>
      </Group>
    )
  }
  if (message.state !== 'refused') return null
  return (
    <Group gap="xs" className="message-refused" role="alert">
      <span>Not sent: {message.refusal.message}</span>
      <Button size="compact-xs" variant="default" onClick={() => actions.sendAgain(message)}>
        Send again
      </Button>
      <Button size="compact-xs" variant="subtle" color="gray" onClick={() => actions.drop(message)}>
        Drop
      </Button>
    </Group>
  )
}

function Reactions({
  message,
  nameOf,
  self,
  readOnly,
  actions,
}: Pick<MessageRowProps, 'message' | 'nameOf' | 'self' | 'readOnly' | 'actions'>) {
  const given = Map.groupBy(message.reactions, ({ emoji }) => emoji)
  if (given.size === 0) return null
  return (
    <Group gap={4} mt={4}>
      {[...given].map(([emoji, all]) => {
        const own = all.some(({ user }) => user === self)
        const names = all.map(({ user }) => nameOf(user)).join(', ')
        return (
          <Tooltip key={emoji} label={names}>
            <UnstyledButton
              className="reaction"
              aria-pressed={own}
              aria-label={`${emoji} ${all.length}, by ${names}`}
              disabled={readOnly}
              onClick={() => actions.react(message, emoji, !own)}
            >
              {emoji} {all.length}
            </UnstyledButton>
          </Tooltip>
        )
      })}
    </Group>
  )
}

function Actions({ message, self, administers, actions }: MessageRowProps) {
  const own = message.author === self
  const icon = { size: 16, stroke: 1.7 }
  return (
    <div className="message-actions">
      <Menu position="bottom-end" width={196}>
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" aria-label="React">
            <IconMoodPlus {...icon} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown className="emoji-menu">
          {EMOJI.map((emoji) => (
            <Menu.Item
              key={emoji}
              aria-label={`React with ${emoji}`}
              onClick={() => actions.react(message, emoji, true)}
            >
              {emoji}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
      <ActionIcon variant="subtle" color="gray" aria-label="Reply" onClick={() => actions.answer(message)}>
        <IconArrowBackUp {...icon} />
      </ActionIcon>
      {own || administers ? (
        <Menu position="bottom-end" width={160}>
          <Menu.Target>
            <ActionIcon variant="subtle" color="gray" aria-label="More">
              <IconDots {...icon} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            {own ? (
              <Menu.Item leftSection={<IconPencil {...icon} />} onClick={() => actions.edit(message)}>
                Edit
              </Menu.Item>
            ) : null}
            <Menu.Item
              color="red"
              leftSection={<IconTrash {...icon} />}
              onClick={() => actions.delete(message)}
            >
              Delete
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      ) : null}
    </div>
  )
}

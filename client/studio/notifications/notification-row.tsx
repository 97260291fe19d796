import { ActionIcon, Anchor, Button, Group, Text, Tooltip } from '@mantine/core'
import {
  IconArchive,
  IconArchiveOff,
  IconAt,
  IconBell,
  IconGauge,
  IconHammer,
  IconMail,
  IconMailOpened,
  IconMessage,
  IconRocket,
  IconSpeakerphone,
  IconUsers,
} from '@tabler/icons-react'
import { useState } from 'react'
import type { Inbox, Notification, NotificationGroup } from '../../sdk/index.ts'
import { linkTo } from '../router.ts'
import { ago, exactly } from '../times.ts'
import { useRoomTitle } from './room-titles.ts'
import { targetOf, whereabouts } from './words.ts'

const ICONS: Readonly<Record<string, typeof IconBell>> = {
  mention: IconAt,
  comment: IconMessage,
  share: IconUsers,
  build: IconHammer,
  deployment: IconRocket,
  performance: IconGauge,
  system: IconSpeakerphone,
}

interface NotificationGroupRowProps {
  readonly group: NotificationGroup
  readonly names: Readonly<Record<string, string>>
  readonly inbox: Inbox
  /** Called when one was followed to a page of the studio. */
  readonly onFollow?: (() => void) | undefined
}

/** The newest of a group; the others are shown when they are asked for. */
export function NotificationGroupRow({ group, ...rest }: NotificationGroupRowProps) {
  const [opened, setOpened] = useState(false)
  const [newest, ...earlier] = group.notifications
  return (
    <li className="note-group">
      <NotificationRow one={newest} all={group.notifications} {...rest} />
      {earlier.length === 0 ? null : (
        <Button
          className="note-earlier"
          variant="subtle"
          size="compact-xs"
          aria-expanded={opened}
          onClick={() => setOpened((before) => !before)}
        >
          <span className="note-earlier-text">
            {opened ? 'Show the newest only' : `And ${earlier.length} before: ${titlesOf(earlier)}`}
          </span>
        </Button>
      )}
      {opened ? earlier.map((one) => <NotificationRow key={one.id} one={one} all={[one]} {...rest} />) : null}
    </li>
  )
}

const titlesOf = (earlier: readonly Notification[]): string =>
  [...new Set(earlier.map(({ payload }) => payload.title))].slice(0, 2).join(', ')

interface NotificationRowProps extends Omit<NotificationGroupRowProps, 'group'> {
  readonly one: Notification
  /** What its buttons are for. */
  readonly all: readonly Notification[]
}

function NotificationRow({ one, all, names, inbox, onFollow }: NotificationRowProps) {
  const { title, text, actions = [], category, digest } = one.payload
  const Icon = ICONS[category] ?? IconBell
  const target = targetOf(one)
  const room = useRoomTitle(one.payload.source?.room)
  const ids = all.map(({ id }) => id)
  const unread = all.some(({ read }) => !read)
  const read = () => {
    if (unread) inbox.markRead(ids)
  }
  const at = new Date(one.at).toISOString()
  const link: Link | undefined =
    target === undefined ? undefined : target.inside ? linkTo(target.href) : elsewhere(target.href)
  return (
    <div className="note" data-unread={unread || undefined}>
      <Icon size={18} stroke={1.7} aria-hidden="true" className="note-icon" />
      <div className="note-text">
        <Text component="span" size="sm" fw={unread ? 650 : 500} display="block">
          {unread ? <span className="note-dot" role="img" aria-label="Unread" /> : null}
          {link === undefined ? (
            title
          ) : (
            <Anchor
              inherit
              c="inherit"
              href={link.href}
              target={link.target}
              rel={link.rel}
              onClick={(event) => {
                read()
                link.onClick?.(event)
                if (event.defaultPrevented) onFollow?.()
              }}
            >
              {title}
            </Anchor>
          )}
          {all.length > 1 ? <span className="note-count">{all.length}</span> : null}
        </Text>
        {text === undefined ? null : (
          <Text component="span" size="sm" lineClamp={3} className="note-body">
            {text}
          </Text>
        )}
        {digest === undefined ? null : (
          <Text component="span" size="sm" display="block" className="note-body">
            {digest.count} together: {digest.titles.join(' · ')}
          </Text>
        )}
        <Text component="span" size="xs" c="dimmed" display="block">
          {whereabouts(one, names, room)} ·{' '}
          <time dateTime={at} title={exactly(at)}>
            {ago(at)}
          </time>
        </Text>
        {actions.length === 0 ? null : (
          <Group gap="xs" mt={6}>
            {actions.map(({ label, url }) => (
              <Button
                key={`${label} ${url}`}
                size="compact-xs"
                variant="default"
                component="a"
                {...elsewhere(url)}
                onClick={read}
              >
                {label}
              </Button>
            ))}
          </Group>
        )}
      </div>
      <Group gap={0} wrap="nowrap" className="note-tools">
        <Tooltip label={unread ? 'Mark as read' : 'Mark as unread'}>
          <ActionIcon
            variant="subtle"
            color="gray"
            aria-label={`${unread ? 'Mark as read' : 'Mark as unread'}: ${title}`}
            onClick={() => (unread ? inbox.markRead(ids) : inbox.markUnread(ids))}
          >
            {unread ? <IconMailOpened size={16} /> : <IconMail size={16} />}
          </ActionIcon>
        </Tooltip>
        <Tooltip label={one.archived ? 'Take it back' : 'Archive'}>
          <ActionIcon
            variant="subtle"
            color="gray"
            aria-label={`${one.archived ? 'Take back' : 'Archive'}: ${title}`}
            onClick={() => (one.archived ? inbox.unarchive(ids) : inbox.archive(ids))}
          >
            {one.archived ? <IconArchiveOff size={16} /> : <IconArchive size={16} />}
          </ActionIcon>
        </Tooltip>
      </Group>
    </div>
  )
}

type Link = Partial<Pick<ReturnType<typeof linkTo>, 'onClick'>> & {
  readonly href: string
  readonly target?: string
  readonly rel?: string
}

/** The address is checked by the server: http or https. */
const elsewhere = (href: string): Link => ({ href, target: '_blank', rel: 'noopener noreferrer' })

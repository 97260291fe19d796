import { Menu } from '@mantine/core'
import {
  IconActivity,
  IconDots,
  IconFiles,
  IconHammer,
  IconHistory,
  IconKeyboard,
  IconMessages,
  IconPlus,
  IconSearch,
  IconServerCog,
} from '@tabler/icons-react'
import type { ComponentType, ReactNode } from 'react'
import { useUnread } from '../../react/index.ts'
import { UnreadBadge } from '../chat/unread-badge.tsx'
import { ACTIVITY, BUILDS, CHATS, linkTo, operationsPath, type Route, type Section } from '../router.ts'
import type { Session } from '../session.ts'

export const SECTION_NAMES: Readonly<Record<Section, string>> = {
  overview: 'Overview',
  alerts: 'Alerts',
  people: 'People',
  rooms: 'Rooms',
  quarantine: 'Quarantine',
  webhooks: 'Webhooks',
  audit: 'Audit log',
}

type PlaceIcon = ComponentType<{ size: number; stroke: number; 'aria-hidden': 'true' }>

interface Place {
  readonly path: string
  readonly label: string
  readonly Icon: PlaceIcon
  /** Where this is the current place. */
  readonly views: readonly Route['view'][]
}

const DOCUMENTS: Place = { path: '/', label: 'Documents', Icon: IconFiles, views: ['documents'] }
const BUILD_LIST: Place = { path: BUILDS, label: 'Builds', Icon: IconHammer, views: ['builds', 'build'] }
const CHAT_LIST: Place = { path: CHATS, label: 'Chat', Icon: IconMessages, views: ['chats', 'chat'] }
const PROJECTS: Place = {
  path: ACTIVITY,
  label: 'Activity',
  Icon: IconActivity,
  views: ['activity', 'projects'],
}

const historyOf = (past: string): Place => ({
  path: past,
  label: 'History',
  Icon: IconHistory,
  views: ['history', 'histories'],
})

/** Who administers some rooms alone has the list of these. */
function operationsOf({ administers, operates }: Session): readonly Place[] {
  if (!administers) return []
  return [
    {
      path: operationsPath(operates ? 'overview' : 'rooms'),
      label: operates ? 'Operations' : 'Rooms',
      Icon: IconServerCog,
      views: ['operations', 'inspector'],
    },
  ]
}

interface PlacesProps {
  readonly session: Session
  readonly current: Route['view']
  /** The history of what is open, or where one chooses whose to read. */
  readonly past: string
}

/** Where one can go. */
export function Places({ session, current, past }: PlacesProps) {
  const { total } = useUnread()
  return [DOCUMENTS, BUILD_LIST, CHAT_LIST, PROJECTS, historyOf(past), ...operationsOf(session)].map(
    (place) => (
      <PlaceLink key={place.label} place={place} current={current}>
        {place === CHAT_LIST ? <UnreadBadge count={total} /> : null}
      </PlaceLink>
    ),
  )
}

interface BarProps extends PlacesProps {
  readonly onFind: () => void
  readonly onKeys: () => void
  readonly onCreate: (() => void) | undefined
}

/** The same on a phone: five are what a thumb hits and what names fit, and the last has the others. */
export function Bar({ session, current, past, onFind, onKeys, onCreate }: BarProps) {
  const { total } = useUnread()
  const others = [historyOf(past), ...operationsOf(session)]
  const within = others.some(({ views }) => views.includes(current))
  const icon = { size: 18, stroke: 1.7, 'aria-hidden': 'true' } as const
  return (
    <>
      {[DOCUMENTS, BUILD_LIST, CHAT_LIST, PROJECTS].map((place) => (
        <PlaceLink key={place.label} place={place} current={current}>
          {place === CHAT_LIST ? <UnreadBadge count={total} /> : null}
        </PlaceLink>
      ))}
      <Menu position="top-end" width={220} offset={4}>
        <Menu.Target>
          <button type="button" className="nav-item" data-within={within || undefined}>
            <IconDots size={20} stroke={1.7} aria-hidden="true" />
            <span className="nav-label">More</span>
          </button>
        </Menu.Target>
        <Menu.Dropdown>
          {others.map(({ path, label, Icon, views }) => (
            <Menu.Item
              key={label}
              component="a"
              className="bar-more"
              aria-current={views.includes(current) ? 'page' : undefined}
              leftSection={<Icon {...icon} />}
              {...linkTo(path)}
            >
              {label}
            </Menu.Item>
          ))}
          <Menu.Divider />
          <Menu.Item className="bar-more" leftSection={<IconSearch {...icon} />} onClick={onFind}>
            Find
          </Menu.Item>
          {onCreate === undefined ? null : (
            <Menu.Item className="bar-more" leftSection={<IconPlus {...icon} />} onClick={onCreate}>
              New document
            </Menu.Item>
          )}
          <Menu.Item className="bar-more" leftSection={<IconKeyboard {...icon} />} onClick={onKeys}>
            Keys
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </>
  )
}

interface PlaceLinkProps {
  readonly place: Place
  readonly current: Route['view']
  readonly children: ReactNode
}

function PlaceLink({ place: { path, label, Icon, views }, current, children }: PlaceLinkProps) {
  return (
    <a className="nav-item" aria-current={views.includes(current) ? 'page' : undefined} {...linkTo(path)}>
      <Icon size={20} stroke={1.7} aria-hidden="true" />
      <span className="nav-label">{label}</span>
      {children}
    </a>
  )
}

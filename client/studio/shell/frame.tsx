import './shell.css'
import { ActionIcon, AppShell, Group, Kbd, Menu, Text, Tooltip, UnstyledButton } from '@mantine/core'
import {
  IconActivity,
  IconDatabase,
  IconFiles,
  IconHammer,
  IconHistory,
  IconKeyboard,
  IconLogout,
  IconMessages,
  IconPlus,
  IconSearch,
} from '@tabler/icons-react'
import type { ComponentType, ReactNode } from 'react'
import { useUnread } from '../../react/index.ts'
import type { ConnectionStatus } from '../../sdk/index.ts'
import { UnreadBadge } from '../chat/unread-badge.tsx'
import { Bell } from '../notifications/bell.tsx'
import { ACTIVITY, BUILDS, CHATS, linkTo, ROOMS, type Route } from '../router.ts'
import type { Session } from '../session.ts'
import { keyLabel } from './commands.ts'
import { ConnectionState } from './connection-state.tsx'
import { Mark } from './mark.tsx'
import { PersonAvatar } from './person-avatar.tsx'
import { SchemeToggle } from './scheme-toggle.tsx'

interface FrameProps {
  readonly session: Session
  readonly connection: ConnectionStatus
  readonly current: Route['view']
  /** The history of what is open, or where one chooses whose to read. */
  readonly past: string
  readonly onFind: () => void
  readonly onKeys: () => void
  readonly onCreate: (() => void) | undefined
  readonly onLeave: () => void
  readonly children: ReactNode
}

export function Frame(props: FrameProps) {
  const { onFind, onKeys, onCreate, children } = props
  return (
    <>
      <a className="skip" href="#main">
        Skip to the content
      </a>
      <AppShell
        header={{ height: 'var(--studio-header)' }}
        navbar={{ width: 'var(--studio-nav)', breakpoint: 'xs', collapsed: { mobile: true } }}
        footer={{ height: 'var(--studio-bar)' }}
        transitionDuration={0}
      >
        <AppShell.Header>
          <Header {...props} />
        </AppShell.Header>
        <AppShell.Navbar component="nav" aria-label="Main" p={8} className="nav">
          <Places {...props} />
          <div className="nav-space" />
          <button type="button" className="nav-item" onClick={onFind}>
            <IconSearch size={20} stroke={1.7} aria-hidden="true" />
            <span className="nav-label">Find</span>
            <span className="nav-keys" aria-hidden="true">
              <Kbd size="xs">{keyLabel('mod')}</Kbd> <Kbd size="xs">K</Kbd>
            </span>
          </button>
          <button type="button" className="nav-item" onClick={onKeys}>
            <IconKeyboard size={20} stroke={1.7} aria-hidden="true" />
            <span className="nav-label">Keys</span>
            <span className="nav-keys" aria-hidden="true">
              <Kbd size="xs">?</Kbd>
            </span>
          </button>
        </AppShell.Navbar>
        <AppShell.Main id="main" tabIndex={-1} className="main">
          {children}
        </AppShell.Main>
        <AppShell.Footer component="nav" aria-label="Main" className="bar">
          <Places {...props} />
          <button type="button" className="nav-item" onClick={onFind}>
            <IconSearch size={22} stroke={1.7} aria-hidden="true" />
            <span className="nav-label">Find</span>
          </button>
          {onCreate === undefined ? null : (
            <button type="button" className="nav-item" onClick={onCreate}>
              <IconPlus size={22} stroke={1.7} aria-hidden="true" />
              <span className="nav-label">New</span>
            </button>
          )}
        </AppShell.Footer>
      </AppShell>
    </>
  )
}

function Places({ session, current, past }: Pick<FrameProps, 'session' | 'current' | 'past'>) {
  const { total } = useUnread()
  const inHistory = current === 'history' || current === 'histories'
  return (
    <>
      <NavLink path="/" label="Documents" Icon={IconFiles} current={current === 'documents'} />
      <NavLink
        path={BUILDS}
        label="Builds"
        Icon={IconHammer}
        current={current === 'builds' || current === 'build'}
      />
      <NavLink
        path={CHATS}
        label="Chat"
        Icon={IconMessages}
        current={current === 'chats' || current === 'chat'}
      >
        <UnreadBadge count={total} />
      </NavLink>
      <NavLink
        path={ACTIVITY}
        label="Activity"
        Icon={IconActivity}
        current={current === 'activity' || current === 'projects'}
      />
      <NavLink path={past} label="History" Icon={IconHistory} current={inHistory} />
      {session.administers ? (
        <NavLink
          path={ROOMS}
          label="Rooms"
          Icon={IconDatabase}
          current={current === 'rooms' || current === 'inspector'}
        />
      ) : null}
    </>
  )
}

interface NavLinkProps {
  readonly path: string
  readonly label: string
  readonly Icon: ComponentType<{ size: number; stroke: number; 'aria-hidden': 'true' }>
  readonly current: boolean
  readonly children?: ReactNode
}

function NavLink({ path, label, Icon, current, children }: NavLinkProps) {
  return (
    <a className="nav-item" aria-current={current ? 'page' : undefined} {...linkTo(path)}>
      <Icon size={20} stroke={1.7} aria-hidden="true" />
      <span className="nav-label">{label}</span>
      {children}
    </a>
  )
}

function Header({ session, connection, onFind, onKeys, onLeave }: FrameProps) {
  const { user } = session
  return (
    <Group h="100%" px="sm" justify="space-between" wrap="nowrap">
      <a className="home" {...linkTo('/')}>
        <Mark />
        <Text component="span" fw={650} size="lg">
          Syncline
        </Text>
      </a>
      <Group gap="xs" wrap="nowrap">
        <ConnectionState status={connection} />
        <Tooltip label={`Find (${keyLabel('mod')} K)`}>
          <ActionIcon
            variant="subtle"
            color="gray"
            size="lg"
            aria-label="Find"
            onClick={onFind}
            visibleFrom="xs"
          >
            <IconSearch size={20} stroke={1.7} />
          </ActionIcon>
        </Tooltip>
        <Bell />
        <SchemeToggle />
        <Menu position="bottom-end" width={220}>
          <Menu.Target>
            <UnstyledButton aria-label={`${user.name}: account`} className="account">
              <PersonAvatar name={user.name} color={user.color} size={32} />
            </UnstyledButton>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Label>{user.name}</Menu.Label>
            <Menu.Item leftSection={<IconKeyboard size={16} />} onClick={onKeys}>
              Keys
            </Menu.Item>
            <Menu.Item leftSection={<IconLogout size={16} />} onClick={onLeave}>
              Change name or leave
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      </Group>
    </Group>
  )
}

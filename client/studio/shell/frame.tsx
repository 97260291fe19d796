import './shell.css'
import { ActionIcon, AppShell, Group, Kbd, Menu, Text, Tooltip, UnstyledButton } from '@mantine/core'
import { IconKeyboard, IconLogout, IconSearch } from '@tabler/icons-react'
import type { ReactNode } from 'react'
import type { ConnectionStatus } from '../../sdk/index.ts'
import { Bell } from '../notifications/bell.tsx'
import { linkTo, type Route } from '../router.ts'
import type { Session } from '../session.ts'
import { keyLabel } from './commands.ts'
import { ConnectionState } from './connection-state.tsx'
import { Mark } from './mark.tsx'
import { PersonAvatar } from './person-avatar.tsx'
import { Bar, Places } from './places.tsx'
import { SchemeToggle } from './scheme-toggle.tsx'

export interface FrameProps {
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
  const { onFind, onKeys, children } = props
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
          <Bar {...props} />
        </AppShell.Footer>
      </AppShell>
    </>
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

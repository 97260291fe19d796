import './people.css'
import { Button, EmptyState, Text, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { IconDeviceDesktop, IconDeviceMobile, IconSearch, IconUsers } from '@tabler/icons-react'
import { type RefObject, useCallback, useEffect, useState } from 'react'
import { colorFor } from '../../../sdk/index.ts'
import type { TokenSource } from '../../api.ts'
import { count } from '../../rooms/figures.ts'
import { linkTo, roomPath } from '../../router.ts'
import { PersonAvatar } from '../../shell/person-avatar.tsx'
import { ago, exactly } from '../../times.ts'
import { ask } from '../api.ts'
import { ForAdministrators } from '../for-administrators.tsx'
import { ListState, SectionPage } from '../section-page.tsx'
import { useChosen } from '../use-choice.ts'
import { type ReadPage, usePages } from '../use-pages.ts'

interface OnlinePerson {
  readonly user: string
  readonly name: string
  readonly status: 'online' | 'away'
  readonly device: 'desktop' | 'phone' | null
  readonly since: string
  readonly rooms: readonly string[]
  readonly roomCount: number
}

interface PeopleViewProps {
  readonly token: TokenSource
  readonly searchRef: RefObject<HTMLInputElement | null>
}

const TYPING_MS = 250
const LOOK_MS = 5_000
/** Rooms that are named of each person. */
const NAMED = 4
/** Inboxes, which are their person's alone, and what is measured: rooms without a page of their own. */
const PAGELESS = ['user:', 'analytics:']
const keyOf = ({ user }: OnlinePerson): string => user

/** Everybody who is connected, and where. */
export function PeopleView({ token, searchRef }: PeopleViewProps) {
  const [search, setSearch] = useChosen('q')
  const [typed, setTyped] = useState(search)
  const [settled] = useDebouncedValue(typed.trim(), TYPING_MS)
  useEffect(() => setSearch(settled), [settled, setSearch])
  const [total, setTotal] = useState<number>()
  const read = useCallback<ReadPage<OnlinePerson>>(
    async (after, signal) => {
      const query = { search, after, limit: '50' }
      const page = await ask<{ people: readonly OnlinePerson[]; total: number; next: string | null }>(
        token,
        '/admin/people',
        query,
        signal,
      )
      setTotal(page.total)
      return { items: page.people, next: page.next ?? undefined }
    },
    [token, search],
  )
  const { items, error, loadMore, reload } = usePages(read, keyOf, LOOK_MS)
  if (error?.code === 'forbidden') return <ForAdministrators />
  return (
    <SectionPage title="People" says="Who is connected now, since when, and which rooms they have open.">
      <TextInput
        ref={searchRef}
        type="search"
        aria-label="Search people"
        placeholder="Search by name or id"
        leftSection={<IconSearch size={18} aria-hidden="true" />}
        value={typed}
        maxLength={200}
        onChange={(event) => setTyped(event.currentTarget.value)}
      />
      <ListState
        items={items}
        error={error}
        retry={reload}
        loadMore={loadMore}
        safe="Whoever is connected stays so."
        loading="Loading the people"
        empty={
          <EmptyState
            py={48}
            icon={<IconUsers />}
            {...(search === ''
              ? {
                  title: 'Nobody is connected',
                  description: 'Who opens a document, a chat or a build stands here while they have it open.',
                }
              : { title: 'Nobody is like this', description: 'The search hides all who are connected.' })}
          >
            {search === '' ? null : (
              <EmptyState.Actions>
                <Button variant="default" onClick={() => setTyped('')}>
                  Show all
                </Button>
              </EmptyState.Actions>
            )}
          </EmptyState>
        }
      >
        <Text c="dimmed" size="sm" role="status">
          {count(total ?? 0)} {total === 1 ? 'person' : 'people'}
        </Text>
        <ul className="rows" aria-label="People">
          {items?.map((person) => (
            <li key={person.user} className="online">
              <Row person={person} />
            </li>
          ))}
        </ul>
      </ListState>
    </SectionPage>
  )
}

function Row({ person }: { readonly person: OnlinePerson }) {
  const { user, name, status, device, since, rooms, roomCount } = person
  const named = rooms.slice(0, NAMED)
  const Device = device === 'phone' ? IconDeviceMobile : IconDeviceDesktop
  return (
    <>
      <PersonAvatar name={name} color={colorFor(user)} size={34} status={status} />
      <div className="online-who">
        <Text fw={500} truncate>
          {name}
        </Text>
        {name === user ? null : (
          <Text size="sm" c="dimmed" ff="monospace" truncate>
            {user}
          </Text>
        )}
      </div>
      <Text size="sm" c="dimmed" className="online-state">
        {device === null ? null : <Device size={16} aria-hidden="true" />}
        <span>
          {status === 'online' ? 'Online' : 'Away'}
          {device === 'phone' ? ' on a phone' : ''}, came{' '}
          <time dateTime={since} title={exactly(since)}>
            {ago(since)}
          </time>
        </span>
      </Text>
      <ul className="plain-list online-rooms" aria-label={`Rooms of ${name}`}>
        {named.map((room) => (
          <li key={room}>
            {PAGELESS.some((kind) => room.startsWith(kind)) ? (
              <span className="online-room">{room}</span>
            ) : (
              <a className="online-room" {...linkTo(roomPath(room))}>
                {room}
              </a>
            )}
          </li>
        ))}
        {roomCount > named.length ? (
          <li className="online-others" title={rooms.slice(NAMED).join(', ')}>
            and {count(roomCount - named.length)} more
          </li>
        ) : null}
      </ul>
    </>
  )
}

import { Avatar, Text, UnstyledButton } from '@mantine/core'
import { IconChevronDown } from '@tabler/icons-react'
import { useId, useState } from 'react'
import { type Activity, type ActivityGroup, colorFor } from '../../sdk/index.ts'
import { placePath } from '../history/position.ts'
import { documentPath, linkTo, roomPath } from '../router.ts'
import { KnownAvatar } from '../shell/person-avatar.tsx'
import { exactly } from '../times.ts'
import { peopleWords, roomWords, spanWords, timesWords, wordsOf } from './words.ts'

/** Faces beside a sentence. */
const FACES = 3

/** What was done of one sort in one room on one day: a sentence, which opens into all that it stands for. */
export function GroupRow({ group }: { readonly group: ActivityGroup }) {
  const [opened, setOpened] = useState(false)
  const list = useId()
  const { items, people, at, until } = group
  const [first] = items
  const single = items.length === 1 ? first : undefined
  return (
    <li className="activity-group">
      <div className="activity-line">
        <Avatar.Group spacing={7} className="activity-faces">
          {people.slice(0, FACES).map(({ id, name }) => (
            <KnownAvatar key={id} id={id} name={name ?? id} color={colorFor(id)} size={28} />
          ))}
        </Avatar.Group>
        <div className="activity-said">
          <Sentence group={group} />
          {single === undefined ? null : <Details item={single} />}
        </div>
        <time className="activity-time" dateTime={until} title={exactly(until)}>
          {spanWords(at, until)}
        </time>
        {single === undefined ? (
          <UnstyledButton
            className="activity-open"
            aria-expanded={opened}
            aria-controls={list}
            aria-label={`${opened ? 'Hide' : 'Show'} all ${items.length}`}
            onClick={() => setOpened(!opened)}
          >
            <span aria-hidden="true">{items.length}</span>
            <IconChevronDown size={16} aria-hidden="true" />
          </UnstyledButton>
        ) : null}
      </div>
      <ul id={list} className="activity-items" hidden={!opened || single !== undefined}>
        {opened
          ? items.map((item) => (
              <li key={item.id}>
                <ItemLine item={item} />
              </li>
            ))
          : null}
      </ul>
    </li>
  )
}

function Sentence({ group: { people, type, room, kind, title, items } }: { readonly group: ActivityGroup }) {
  const { did, became } = wordsOf(type)
  const who = <strong>{peopleWords(people)}</strong>
  const what = <RoomLink room={room} kind={kind} title={title} item={items[0]} />
  const times = timesWords(items.length)
  return (
    <Text component="p" size="sm" className="activity-sentence">
      {became === undefined ? (
        <>
          {who} {did} {what} {times}
        </>
      ) : (
        <>
          {what} {became} {times} <span className="activity-by">by {peopleWords(people)}</span>
        </>
      )}
    </Text>
  )
}

interface RoomLinkProps extends Pick<Activity, 'room' | 'kind' | 'title'> {
  readonly item: Activity | undefined
}

function RoomLink({ room, kind, title, item }: RoomLinkProps) {
  const name = roomWords(room, title)
  const path = item === undefined ? undefined : placeOf(item)
  if (path === undefined) return <span className="activity-room">{name}</span>
  return (
    <a className="activity-room" {...linkTo(path)} title={kind === 'doc' ? undefined : room}>
      {name}
    </a>
  )
}

/** Where an activity can be looked at: editing where its document stood then, everything else in its room. */
function placeOf({ type, room, kind, lastSeq }: Activity): string | undefined {
  if (type === 'edited')
    return placePath(room, { position: { kind: 'at', at: String(lastSeq) }, panel: undefined })
  if (kind === 'build') return roomPath(room)
  return kind === 'doc' || kind === 'idea' ? documentPath(room) : undefined
}

function Details({ item }: { readonly item: Activity }) {
  if (item.type === 'edited') return <Amount item={item} />
  // What a room is called was said already.
  const words = item.text === item.title ? '' : item.text
  return words === '' ? null : (
    <Text component="p" size="sm" c="dimmed" lineClamp={2} className="activity-text">
      {words}
    </Text>
  )
}

function Amount({ item: { inserted, deleted } }: { readonly item: Activity }) {
  return (
    <Text component="p" size="sm" c="dimmed">
      {inserted} characters added, {deleted} removed
    </Text>
  )
}

function ItemLine({ item }: { readonly item: Activity }) {
  const path = placeOf(item)
  const time = <time dateTime={item.at}>{spanWords(item.at, item.until)}</time>
  return (
    <div className="activity-item">
      <span className="activity-who">{item.name ?? item.actor}</span>
      <div className="activity-said">
        <Details item={item} />
      </div>
      {path === undefined ? (
        <span className="activity-time">{time}</span>
      ) : (
        <a className="activity-time" {...linkTo(path)} title={exactly(item.at)}>
          {time}
        </a>
      )}
    </div>
  )
}

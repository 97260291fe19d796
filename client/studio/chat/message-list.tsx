import { Button, Loader, Text } from '@mantine/core'
import { IconArrowDown } from '@tabler/icons-react'
import { Fragment, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react'
import type { Chat, ChatState, ShownMessage } from '../../sdk/index.ts'
import { type MessageActions, MessageRow } from './message-row.tsx'

interface MessageListProps {
  readonly chat: Chat
  readonly state: ChatState
  readonly self: string
  readonly nameOf: (user: string) => string
  readonly administers: boolean
  readonly readOnly: boolean
  readonly actions: MessageActions
}

/** What one person says within so long is shown as one, in ms. */
const CONTINUES_WITHIN = 5 * 60_000
/** So near to an end counts as being there, in pixels. */
const NEAR = 60

const day = new Intl.DateTimeFormat('en-GB', { weekday: 'long', day: 'numeric', month: 'long' })

export function MessageList({ chat, state, self, ...shown }: MessageListProps) {
  const { messages, older, readBefore } = state
  const box = useRef<HTMLDivElement>(null)
  const [atEnd, setAtEnd] = useState(true)
  const newest = messages.at(-1)
  const firstNew = messages.find(({ seq, author }) => seq > (readBefore ?? Infinity) && author !== self)?.id
  const readers = useReaders(state, self)
  const known = useMemo(() => new Map(messages.map((message) => [message.id, message])), [messages])

  useKeptPlace(box, messages, atEnd)
  useEffect(() => {
    const look = () => {
      if (atEnd && document.visibilityState === 'visible') chat.markRead()
    }
    if (newest !== undefined) look()
    document.addEventListener('visibilitychange', look)
    return () => document.removeEventListener('visibilitychange', look)
  }, [chat, newest, atEnd])

  const scrolled = () => {
    const { current } = box
    if (current === null) return
    setAtEnd(current.scrollHeight - current.scrollTop - current.clientHeight < NEAR)
    if (current.scrollTop < NEAR && older === 'some') void chat.loadOlder()
  }
  const toEnd = () => box.current?.scrollTo({ top: box.current.scrollHeight })

  return (
    <div className="messages-frame">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is scrolled with keys too */}
      <div ref={box} className="messages" role="log" aria-label="Messages" tabIndex={0} onScroll={scrolled}>
        {older === 'loading' ? <Loader size="sm" className="messages-older" /> : null}
        {older === 'some' ? (
          <Button
            variant="subtle"
            size="compact-sm"
            className="messages-older"
            onClick={() => chat.loadOlder()}
          >
            Show older messages
          </Button>
        ) : null}
        {messages.map((message, index) => {
          const before = messages[index - 1]
          const today = day.format(message.at)
          const newDay = before === undefined || day.format(before.at) !== today
          return (
            <Fragment key={message.id}>
              {newDay ? (
                <Text size="sm" c="dimmed" className="messages-day">
                  {today}
                </Text>
              ) : null}
              {message.id === firstNew ? <div className="messages-new">New</div> : null}
              <MessageRow
                {...shown}
                message={message}
                self={self}
                answered={message.answers === null ? undefined : known.get(message.answers)}
                continues={!newDay && message.id !== firstNew && continues(before, message)}
                readBy={readers.get(message.id) ?? NOBODY}
              />
            </Fragment>
          )
        })}
      </div>
      {atEnd ? null : (
        <Button
          size="compact-sm"
          radius="xl"
          className="messages-end"
          leftSection={<IconArrowDown size={14} />}
          onClick={toEnd}
        >
          Newest
        </Button>
      )}
    </div>
  )
}

const NOBODY: readonly string[] = []

const continues = (before: ShownMessage | undefined, message: ShownMessage): boolean =>
  before?.author === message.author &&
  message.at - before.at < CONTINUES_WITHIN &&
  message.answers === null &&
  !before.deleted

/** The last message that each of the others has read, to who they are. */
function useReaders({ messages, reads }: ChatState, self: string): ReadonlyMap<string, readonly string[]> {
  return useMemo(() => {
    const readers = new Map<string, string[]>()
    for (const [user, seq] of Object.entries(reads)) {
      if (user === self) continue
      const last = messages.findLast((message) => message.state === 'sent' && message.seq <= seq)
      // That whoever said it has read it is no news.
      if (last !== undefined && last.author !== user)
        readers.set(last.id, [...(readers.get(last.id) ?? []), user])
    }
    return readers
  }, [messages, reads, self])
}

/** At the end one stays at the end; elsewhere what one reads stays where it is, whatever comes above it. */
function useKeptPlace(
  box: { readonly current: HTMLDivElement | null },
  messages: readonly ShownMessage[],
  atEnd: boolean,
): void {
  const before = useRef<{ readonly first: string | undefined; readonly height: number }>(undefined)
  useLayoutEffect(() => {
    const { current } = box
    if (current === null) return
    const first = messages[0]?.id
    const { scrollHeight } = current
    if (atEnd) current.scrollTop = scrollHeight
    else if (before.current !== undefined && before.current.first !== first)
      current.scrollTop += scrollHeight - before.current.height
    before.current = { first, height: scrollHeight }
  }, [box, messages, atEnd])
  // A keyboard that opens, or a field that grows, takes its room from above the end.
  useEffect(() => {
    const { current } = box
    if (current === null || !atEnd) return
    const observer = new ResizeObserver(() => {
      current.scrollTop = current.scrollHeight
    })
    observer.observe(current)
    return () => observer.disconnect()
  }, [box, atEnd])
}

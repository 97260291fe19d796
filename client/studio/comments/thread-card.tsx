import { ActionIcon, Button, Text, Tooltip } from '@mantine/core'
import { IconCheck, IconRotate2 } from '@tabler/icons-react'
import { memo, type RefObject, useEffect, useRef } from 'react'
import type { Thread, Threads, Unsent } from '../../sdk/index.ts'
import { type Place, useDrafted, usePlaces } from '../drafts.ts'
import { CommentItem, ignore, UnsentNote } from './comment-item.tsx'
import { Composer } from './composer.tsx'
import { useCommentPeople } from './people.tsx'
import { useOpened } from './use-opened.ts'

interface ThreadCardProps {
  readonly thread: Thread
  /** Undefined: it can only be read. */
  readonly threads: Threads | undefined
  /** What is on its way, or was refused, in all threads. */
  readonly unsent: ReadonlyMap<string, Unsent>
  readonly active: boolean
  /** Somebody was led here: it takes the focus. */
  readonly named?: boolean
  /** Its text is there no more. */
  readonly gone: boolean
  readonly onActivate: (thread: string) => void
}

/** A thread that is not looked at shows how it began, what one writes in it, and how it goes on only as a number. */
export const ThreadCard = memo(function ThreadCard(props: ThreadCardProps) {
  const { thread, threads, unsent, active, named = false, gone, onActivate } = props
  const { nameOf } = useCommentPeople()
  const pressed = useRef(false)
  const { id, comments, anchor, resolved } = thread
  const [first, ...replies] = comments
  const isPlaced = anchor === undefined || gone || resolved !== undefined
  const card = useFocusOnce(named, () => isPlaced || threads?.places.get(id)?.status === 'found')
  useEffect(() => {
    // It has grown with what it hid.
    if (active && card.current === document.activeElement) card.current?.scrollIntoView({ block: 'nearest' })
  }, [active, card])
  const at = usePlaces(threads?.room.name ?? '')
  const place = at(`reply ${thread.id}`)
  const reply = useOpened(place, active)
  const drafted = useDrafted(placesIn(thread, at))
  if (first === undefined) return null
  const author = nameOf(first.author)
  const shown = replies.filter((one) => active || drafted.has(at(`edit ${one.id}`)))
  const hidden = replies.length - shown.length
  const ofThread = [...unsent.values()].filter(({ type, about }) => about === id && OF_THREADS.has(type))
  // What has not come to the server cannot be answered there.
  const mayAct = threads !== undefined && !unsent.has(id)
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the focus does the same for keys
    <article
      ref={card}
      // A sheet puts the focus where this is.
      data-autofocus={active || undefined}
      className="thread"
      data-active={active || undefined}
      data-thread={id}
      aria-label={`Comment by ${author}${resolved === undefined ? '' : ', resolved'}`}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: with the focus comes its text
      tabIndex={0}
      onFocus={() => {
        // It would move under the pointer, and the press come to nothing.
        if (!pressed.current) onActivate(id)
      }}
      onPointerDown={() => {
        pressed.current = true
      }}
      onPointerUp={() => {
        pressed.current = false
      }}
      onPointerLeave={() => {
        pressed.current = false
      }}
      onClick={() => onActivate(id)}
    >
      {anchor !== undefined && (gone || resolved !== undefined) ? (
        <blockquote className="thread-quote" data-gone={gone || undefined} dir="auto">
          {anchor.quote}
        </blockquote>
      ) : null}
      <CommentItem comment={first} threads={threads} unsent={ofComment(unsent, first.id)} />
      {hidden > 0 ? (
        <Text size="xs" c="dimmed" className="thread-more">
          {hidden === 1 ? '1 reply' : `${hidden} replies`}
        </Text>
      ) : null}
      {shown.map((one) => (
        <CommentItem key={one.id} comment={one} threads={threads} unsent={ofComment(unsent, one.id)} />
      ))}
      {resolved === undefined ? null : (
        <Text size="xs" c="dimmed">
          Resolved by {nameOf(resolved.by)}
        </Text>
      )}
      {ofThread.map((one) => (
        <UnsentNote key={one.id} unsent={one} threads={threads} />
      ))}
      {threads !== undefined && mayAct && (active || reply.isOpen) ? (
        <div className="thread-actions">
          {reply.isOpen ? (
            <Composer
              label="Reply"
              send="Reply"
              place={place}
              autoFocus={reply.asked}
              onSend={(comment) => {
                ignore(threads.reply(id, comment))
                reply.end()
              }}
              onCancel={reply.end}
            />
          ) : (
            <>
              <Button size="compact-sm" variant="default" onClick={reply.ask}>
                Reply
              </Button>
              <Tooltip label={resolved === undefined ? 'Resolve' : 'Open again'}>
                <ActionIcon
                  variant="subtle"
                  aria-label={resolved === undefined ? 'Resolve' : 'Open again'}
                  onClick={() => ignore(resolved === undefined ? threads.resolve(id) : threads.reopen(id))}
                >
                  {resolved === undefined ? <IconCheck size={18} /> : <IconRotate2 size={18} />}
                </ActionIcon>
              </Tooltip>
            </>
          )}
        </div>
      ) : null}
    </article>
  )
})

/** Where something may be written in a thread. */
export const placesIn = ({ id, comments }: Thread, at: ReturnType<typeof usePlaces>): readonly Place[] => [
  at(`reply ${id}`),
  ...comments.map((comment) => at(`edit ${comment.id}`)),
]

/** Gives an element the focus as soon as it can have it: before its text is found, a card beside it is hidden. */
function useFocusOnce(wanted: boolean, isReady: () => boolean): RefObject<HTMLElement | null> {
  const element = useRef<HTMLElement>(null)
  const ready = useRef(isReady)
  useEffect(() => {
    ready.current = isReady
  })
  useEffect(() => {
    if (!wanted) return
    let frame: number
    const look = () => {
      if (ready.current()) element.current?.focus()
      if (document.activeElement !== element.current) frame = requestAnimationFrame(look)
    }
    frame = requestAnimationFrame(look)
    return () => cancelAnimationFrame(frame)
  }, [wanted])
  return element
}

/** What concerns a thread as a whole. */
const OF_THREADS: ReadonlySet<Unsent['type']> = new Set(['comment.resolved', 'comment.reopened'])

const ofComment = (unsent: ReadonlyMap<string, Unsent>, comment: string): readonly Unsent[] =>
  [...unsent.values()].filter(
    ({ id, type, about }) =>
      id === comment || (about === comment && type !== 'comment.replied' && !OF_THREADS.has(type)),
  )

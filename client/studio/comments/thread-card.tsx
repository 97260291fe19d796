import { ActionIcon, Button, Text, Tooltip } from '@mantine/core'
import { IconCheck, IconRotate2 } from '@tabler/icons-react'
import { memo, type RefObject, useEffect, useRef, useState } from 'react'
import type { Thread, Threads, Unsent } from '../../sdk/index.ts'
import { CommentItem, ignore, UnsentNote } from './comment-item.tsx'
import { Composer } from './composer.tsx'
import { useCommentPeople } from './people.tsx'

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

/** A thread that is not looked at shows how it began, and how it goes on only as a number. */
export const ThreadCard = memo(function ThreadCard(props: ThreadCardProps) {
  const { thread, threads, unsent, active, named = false, gone, onActivate } = props
  const { nameOf } = useCommentPeople()
  const [replying, setReplying] = useState(false)
  const pressed = useRef(false)
  const { id, comments, anchor, resolved } = thread
  const [first, ...replies] = comments
  const isPlaced = anchor === undefined || gone || resolved !== undefined
  const card = useFocusOnce(named, () => isPlaced || threads?.places.get(id)?.status === 'found')
  useEffect(() => {
    // It has grown with what it hid.
    if (active && card.current === document.activeElement) card.current?.scrollIntoView({ block: 'nearest' })
  }, [active, card])
  if (first === undefined) return null
  const author = nameOf(first.author)
  const hidden = active ? 0 : replies.length
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
      ) : (
        replies.map((reply) => (
          <CommentItem
            key={reply.id}
            comment={reply}
            threads={threads}
            unsent={ofComment(unsent, reply.id)}
          />
        ))
      )}
      {resolved === undefined ? null : (
        <Text size="xs" c="dimmed">
          Resolved by {nameOf(resolved.by)}
        </Text>
      )}
      {ofThread.map((one) => (
        <UnsentNote key={one.id} unsent={one} threads={threads} />
      ))}
      {threads !== undefined && mayAct && active ? (
        <div className="thread-actions">
          {replying ? (
            <Composer
              label="Reply"
              send="Reply"
              autoFocus
              onSend={(comment) => {
                ignore(threads.reply(id, comment))
                setReplying(false)
              }}
              onCancel={() => setReplying(false)}
            />
          ) : (
            <>
              <Button size="compact-sm" variant="default" onClick={() => setReplying(true)}>
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

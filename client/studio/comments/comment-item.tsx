import { ActionIcon, Button, Group, Menu, Popover, Text, Tooltip, UnstyledButton } from '@mantine/core'
import { IconDots, IconMoodPlus, IconPencil, IconTrash } from '@tabler/icons-react'
import { Fragment, type ReactNode, useRef, useState } from 'react'
import { colorFor, type ThreadComment, type Threads, type Unsent } from '../../sdk/index.ts'
import { usePlaces } from '../drafts.ts'
import { mentionsIn } from '../mentions.ts'
import { KnownAvatar } from '../shell/person-avatar.tsx'
import { ago, exactly } from '../times.ts'
import { Composer } from './composer.tsx'
import { useCommentPeople } from './people.tsx'
import { useOpened } from './use-opened.ts'

interface CommentItemProps {
  readonly comment: ThreadComment
  /** Undefined: it can only be read. */
  readonly threads: Threads | undefined
  /** What is on its way about it, or was refused. */
  readonly unsent: readonly Unsent[]
}

const EMOJI = ['👍', '❤️', '🎉', '😄', '👀', '✅'] as const

export function CommentItem({ comment, threads, unsent }: CommentItemProps) {
  const { self, nameOf } = useCommentPeople()
  const { id, author, at, text, editedAt, deleted } = comment
  const place = usePlaces(threads?.room.name ?? '')(`edit ${id}`)
  const change = useOpened(place, true)
  const more = useRef<HTMLButtonElement>(null)
  const endEditing = () => {
    change.end()
    more.current?.focus()
  }
  const name = nameOf(author)
  const mentioned = comment.mentions.map((user) => ({ id: user, name: nameOf(user) }))
  const time = new Date(at).toISOString()
  const own = unsent.find((one) => one.id === id)
  // What has not come to the server can be neither changed nor answered there.
  const mayAct = threads !== undefined && own === undefined && !deleted
  return (
    <div className="comment">
      <Group gap={8} wrap="nowrap" align="center">
        <KnownAvatar id={author} name={name} color={colorFor(author)} size={26} />
        <div className="comment-by">
          <Text component="span" fw={600} size="sm" className="comment-name">
            {name}
          </Text>
          <Text component="time" size="xs" c="dimmed" dateTime={time} title={exactly(time)}>
            {ago(time)}
            {editedAt === undefined ? '' : ', edited'}
          </Text>
        </div>
        {mayAct ? <React comment={comment} threads={threads} self={self} /> : null}
        {mayAct && author === self ? (
          <Menu position="bottom-end" width={150}>
            <Menu.Target>
              <ActionIcon
                ref={more}
                variant="subtle"
                color="gray"
                size="sm"
                aria-label="More about this comment"
              >
                <IconDots size={16} />
              </ActionIcon>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item leftSection={<IconPencil size={16} />} onClick={change.ask}>
                Edit
              </Menu.Item>
              <Menu.Item
                leftSection={<IconTrash size={16} />}
                color="red"
                onClick={() => ignore(threads.delete(id))}
              >
                Delete
              </Menu.Item>
            </Menu.Dropdown>
          </Menu>
        ) : null}
      </Group>
      {change.isOpen && threads !== undefined ? (
        <Composer
          label="Edit the comment"
          send="Save"
          place={place}
          before={{ text, chosen: mentioned }}
          autoFocus={change.asked}
          onSend={(changed) => {
            ignore(threads.edit(id, changed))
            endEditing()
          }}
          onCancel={endEditing}
        />
      ) : deleted ? (
        <Text size="sm" c="dimmed" fs="italic">
          This comment was deleted
        </Text>
      ) : (
        <p className="comment-text" dir="auto">
          {withMentions(
            text,
            mentioned.map((person) => person.name),
          )}
        </p>
      )}
      <Reactions comment={comment} threads={mayAct ? threads : undefined} />
      {unsent.map((one) => (
        <UnsentNote key={one.id} unsent={one} threads={threads} />
      ))}
    </div>
  )
}

/** Who does not wait for the outcome sees it in the thread: what is refused says so there. */
export const ignore = (done: Promise<unknown> | undefined): void => {
  done?.catch(() => undefined)
}

/** Where somebody's name stands behind an at sign, it stands out. */
function withMentions(text: string, names: readonly string[]): ReactNode {
  let end = 0
  const parts = mentionsIn(text, names).map(({ from, to }) => {
    const before = text.slice(end, from)
    end = to
    return (
      <Fragment key={from}>
        {before}
        <span className="comment-mention">{text.slice(from, to)}</span>
      </Fragment>
    )
  })
  return [...parts, text.slice(end)]
}

function Reactions({ comment, threads }: Pick<CommentItemProps, 'comment' | 'threads'>) {
  const { self, nameOf } = useCommentPeople()
  if (comment.reactions.size === 0) return null
  return (
    <Group gap={4} className="comment-reactions">
      {[...comment.reactions].map(([emoji, users]) => {
        const mine = users.includes(self)
        const who = users.map(nameOf).join(', ')
        return (
          <Tooltip key={emoji} label={who} multiline maw={240}>
            <UnstyledButton
              className="comment-reaction"
              aria-pressed={mine}
              aria-label={`${emoji} ${users.length}: ${who}`}
              disabled={threads === undefined}
              onClick={() =>
                ignore(mine ? threads?.unreact(comment.id, emoji) : threads?.react(comment.id, emoji))
              }
            >
              {emoji} {users.length}
            </UnstyledButton>
          </Tooltip>
        )
      })}
    </Group>
  )
}

interface ReactProps {
  readonly comment: ThreadComment
  readonly threads: Threads
  readonly self: string
}

function React({ comment, threads, self }: ReactProps) {
  const [open, setOpen] = useState(false)
  return (
    <Popover opened={open} onChange={setOpen} position="bottom-end" trapFocus returnFocus>
      <Popover.Target>
        <ActionIcon
          variant="subtle"
          color="gray"
          size="sm"
          aria-label="React"
          onClick={() => setOpen((before) => !before)}
        >
          <IconMoodPlus size={16} />
        </ActionIcon>
      </Popover.Target>
      <Popover.Dropdown p={4}>
        <Group gap={2} wrap="nowrap">
          {EMOJI.map((emoji) => {
            const mine = comment.reactions.get(emoji)?.includes(self) === true
            return (
              <ActionIcon
                key={emoji}
                variant={mine ? 'light' : 'subtle'}
                size="lg"
                aria-label={emoji}
                onClick={() => {
                  ignore(mine ? threads.unreact(comment.id, emoji) : threads.react(comment.id, emoji))
                  setOpen(false)
                }}
              >
                <span aria-hidden="true">{emoji}</span>
              </ActionIcon>
            )
          })}
        </Group>
      </Popover.Dropdown>
    </Popover>
  )
}

const WHAT: Readonly<Record<Unsent['type'], string>> = {
  'comment.created': 'This was not sent',
  'comment.replied': 'This was not sent',
  'comment.edited': 'The change was not saved',
  'comment.deleted': 'It was not deleted',
  'comment.resolved': 'It was not resolved',
  'comment.reopened': 'It was not opened again',
  'comment.reaction.added': 'The reaction was not saved',
  'comment.reaction.removed': 'The reaction was not taken back',
}

/** The truth about something that is not committed. */
export function UnsentNote({
  unsent,
  threads,
}: {
  readonly unsent: Unsent
  readonly threads: Threads | undefined
}) {
  const { id, type, text, refusal } = unsent
  if (refusal === undefined) {
    return (
      <Text size="xs" c="dimmed" role="status">
        Sending…
      </Text>
    )
  }
  return (
    <div className="comment-refused" role="alert">
      <Text size="sm">
        {WHAT[type]}: {refusal.message}.
      </Text>
      {type === 'comment.edited' ? <Text size="sm">“{text}”</Text> : null}
      <Group gap={6} mt={4}>
        <Button size="compact-xs" variant="default" onClick={() => ignore(threads?.retry(id))}>
          Try again
        </Button>
        <Button size="compact-xs" variant="default" onClick={() => threads?.dismiss(id)}>
          Discard
        </Button>
      </Group>
    </div>
  )
}

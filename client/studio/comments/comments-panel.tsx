import './comments.css'
import { Button, CloseButton, Drawer, Group, Skeleton, Stack, Switch, Text } from '@mantine/core'
import { IconMessagePlus } from '@tabler/icons-react'
import { type ReactNode, useMemo, useRef, useState } from 'react'
import type { Room, Thread } from '../../sdk/index.ts'
import { useDrafted, usePlaces } from '../drafts.ts'
import { useWide } from '../history/use-wide.ts'
import { keyLabel } from '../shell/commands.ts'
import { ignore } from './comment-item.tsx'
import { Composer } from './composer.tsx'
import { CommentPeopleProvider, usePeopleOf } from './people.tsx'
import { placesIn, ThreadCard } from './thread-card.tsx'
import { DRAFT, useAlignment } from './use-alignment.ts'
import type { Commenting } from './use-commenting.ts'

interface CommentsPanelProps {
  readonly room: Room
  readonly commenting: Commenting
}

/** The comments of a document: beside their texts, or where there is no room for that in a sheet from below. */
export function CommentsPanel({ room, commenting }: CommentsPanelProps) {
  const { view, shown, setShown } = commenting
  const people = usePeopleOf(room, view.threads)
  const wide = useWide()
  return (
    <CommentPeopleProvider value={people}>
      {wide ? (
        shown ? (
          <aside className="comments" aria-label="Comments">
            <Header commenting={commenting} />
            <Margin commenting={commenting} />
          </aside>
        ) : null
      ) : (
        <Drawer
          opened={shown}
          onClose={() => setShown(false)}
          position="bottom"
          size="70%"
          title="Comments"
          classNames={{ content: 'comments-sheet' }}
        >
          <Sheet commenting={commenting} />
        </Drawer>
      )}
    </CommentPeopleProvider>
  )
}

function Header({ commenting: { begin, setShown } }: Pick<CommentsPanelProps, 'commenting'>) {
  return (
    <Group className="comments-header" justify="space-between" wrap="nowrap">
      <Text component="h2" fw={600} size="sm">
        Comments
      </Text>
      <Group gap={4} wrap="nowrap">
        <AddButton onClick={begin} />
        <CloseButton aria-label="Close the comments" onClick={() => setShown(false)} />
      </Group>
    </Group>
  )
}

const AddButton = ({ onClick }: { readonly onClick: () => void }) => (
  <Button
    size="compact-sm"
    variant="default"
    leftSection={<IconMessagePlus size={16} />}
    title={`${keyLabel('mod')} Alt M`}
    // What is selected stays so.
    onMouseDown={(event) => event.preventDefault()}
    onClick={onClick}
  >
    Comment
  </Button>
)

/** Threads by where they are shown. */
function useGroups({ threads, gone }: Commenting['view']) {
  return useMemo(() => {
    const open = threads.filter(({ resolved }) => resolved === undefined)
    return {
      placed: open.filter(({ id, anchor }) => anchor !== undefined && !gone.has(id)),
      whole: open.filter(({ anchor }) => anchor === undefined),
      lost: open.filter(({ id }) => gone.has(id)),
      resolved: threads.filter(({ resolved }) => resolved !== undefined),
    }
  }, [threads, gone])
}

function Margin({ commenting }: Pick<CommentsPanelProps, 'commenting'>) {
  const { view, editor, active, draft } = commenting
  const { placed, whole, lost, resolved } = useGroups(view)
  const area = useRef<HTMLDivElement>(null)
  const cards = useRef<HTMLDivElement>(null)
  const beside = draft?.top !== undefined
  const key = `${beside} ${placed.map(({ id }) => id).join(' ')}`
  useAlignment({ editor, area, cards, active, draftTop: draft?.top, key })
  const empty = placed.length + whole.length + lost.length === 0 && draft === undefined
  return (
    <>
      <div className="comments-area" ref={area}>
        {empty ? <Empty commenting={commenting} /> : null}
        <div className="comments-cards" ref={cards}>
          {beside ? (
            <div data-card={DRAFT}>
              <DraftCard commenting={commenting} />
            </div>
          ) : null}
          {placed.map((thread) => (
            <div key={thread.id} data-card={thread.id}>
              <Card thread={thread} commenting={commenting} />
            </div>
          ))}
        </div>
      </div>
      {whole.length + lost.length + resolved.length > 0 || (draft !== undefined && !beside) ? (
        <div className="comments-rest">
          {draft !== undefined && !beside ? <DraftCard commenting={commenting} /> : null}
          <Section label="About the whole document" threads={whole} commenting={commenting} />
          <Section label="Their text is gone" threads={lost} commenting={commenting} />
          <Resolved threads={resolved} commenting={commenting} />
        </div>
      ) : null}
    </>
  )
}

/** One after the other, in the order of the text. */
function Sheet({ commenting }: Pick<CommentsPanelProps, 'commenting'>) {
  const { view, threads, draft, begin } = commenting
  const { placed, whole, lost, resolved } = useGroups(view)
  const startOf = ({ id }: Thread): number => {
    const place = threads.places.get(id)
    return place?.status === 'found' ? place.start : 0
  }
  const empty = placed.length + whole.length + lost.length === 0 && draft === undefined
  return (
    <Stack gap="sm">
      {draft === undefined ? (
        <Group justify="flex-end">
          <AddButton onClick={begin} />
        </Group>
      ) : (
        <DraftCard commenting={commenting} />
      )}
      {empty ? <Empty commenting={commenting} /> : null}
      {[...placed]
        .sort((a, b) => startOf(a) - startOf(b))
        .map((thread) => (
          <Card key={thread.id} thread={thread} commenting={commenting} />
        ))}
      <Section label="About the whole document" threads={whole} commenting={commenting} />
      <Section label="Their text is gone" threads={lost} commenting={commenting} />
      <Resolved threads={resolved} commenting={commenting} />
    </Stack>
  )
}

interface OfThreads {
  readonly threads: readonly Thread[]
  readonly commenting: Commenting
}

function Section({ label, threads, commenting }: OfThreads & { readonly label: string }) {
  if (threads.length === 0) return null
  return (
    <section aria-label={label} className="comments-section">
      <Text component="h3" size="xs" fw={600} c="dimmed">
        {label}
      </Text>
      {threads.map((thread) => (
        <Card key={thread.id} thread={thread} commenting={commenting} />
      ))}
    </section>
  )
}

function Resolved({ threads, commenting }: OfThreads) {
  const [shown, setShown] = useState(false)
  if (!shown && threads.some(({ id }) => id === commenting.named)) setShown(true)
  const at = usePlaces(commenting.threads.room.name)
  const drafted = useDrafted(threads.flatMap((thread) => placesIn(thread, at)))
  if (threads.length === 0) return null
  // Whoever resolves it: what one was writing in it stays before one.
  const seen = threads.filter((thread) => shown || placesIn(thread, at).some((place) => drafted.has(place)))
  return (
    <>
      <Switch
        size="xs"
        label={`Show what was resolved (${threads.length})`}
        checked={shown}
        onChange={(event) => setShown(event.currentTarget.checked)}
      />
      <Section label="Resolved" threads={seen} commenting={commenting} />
    </>
  )
}

function Card({ thread, commenting }: { readonly thread: Thread; readonly commenting: Commenting }) {
  const { view, threads, active, goTo, named } = commenting
  return (
    <ThreadCard
      thread={thread}
      threads={threads}
      unsent={view.unsent}
      active={active === thread.id}
      named={named === thread.id}
      gone={view.gone.has(thread.id)}
      onActivate={goTo}
    />
  )
}

function DraftCard({ commenting: { draft, threads, endDraft } }: Pick<CommentsPanelProps, 'commenting'>) {
  const anchor = draft?.anchor
  const place = usePlaces(threads.room.name)('comment')
  return (
    <div className="thread" data-active>
      {anchor === undefined ? (
        <Text size="xs" c="dimmed" mb={6}>
          About the whole document. Select something first to comment on that.
        </Text>
      ) : (
        <blockquote className="thread-quote" dir="auto">
          {anchor.quote}
        </blockquote>
      )}
      <Composer
        label="Write a comment"
        send="Comment"
        place={place}
        before={{ text: '', chosen: [], anchor }}
        autoFocus={draft?.asked === true}
        onSend={(comment) => {
          ignore(threads.add(comment, anchor))
          endDraft()
        }}
        onCancel={endDraft}
      />
    </div>
  )
}

function Empty({ commenting: { view } }: Pick<CommentsPanelProps, 'commenting'>) {
  const words = (text: ReactNode) => (
    <Text size="sm" c="dimmed" className="comments-empty" role="status">
      {text}
    </Text>
  )
  if (view.refusal !== undefined) return words(`The comments cannot be read: ${view.refusal.message}.`)
  if (!view.caughtUp) {
    return (
      <Stack gap="xs" p="sm" role="status" aria-label="Loading the comments">
        <Skeleton height={64} />
        <Skeleton height={64} />
      </Stack>
    )
  }
  return words(
    <>
      {view.threads.length === 0 ? 'Nobody has commented yet.' : 'No open comments.'} Select some text and
      press <span className="comment-keys">{keyLabel('mod')} Alt M, or </span>the button
      <span className="comment-keys"> above</span>.
    </>,
  )
}

import './document.css'
import { ActionIcon, Button, EmptyState, Group, Skeleton, Stack, Tooltip } from '@mantine/core'
import {
  IconAlignLeft,
  IconCloudOff,
  IconCode,
  IconFileOff,
  IconFilePlus,
  IconHistory,
  IconListDetails,
} from '@tabler/icons-react'
import { Suspense, useEffect, useRef, useState } from 'react'
import { DOCUMENT_FIELDS } from '../../../server/protocol.ts'
import { useRoom, useRoomState } from '../../react/index.ts'
import type { Room, RoomState } from '../../sdk/index.ts'
import { DocumentChat, DocumentChatToggle } from '../chat/document-chat.tsx'
import { CommentOnSelection, CommentsToggle } from '../comments/comment-buttons.tsx'
import { CommentsPanel } from '../comments/comments-panel.tsx'
import { type Commenting, useCommenting } from '../comments/use-commenting.ts'
import { hasSeed, plantSeed } from '../documents/seed.ts'
import { historyPath, inspectorPath, linkTo } from '../router.ts'
import { useKeys } from '../shell/use-keys.ts'
import { CodeEditor, RichEditor } from './editors.ts'
import type { Follow } from './follow.ts'
import { Foreign } from './foreign.tsx'
import { Notices, whatToDo } from './notices.tsx'
import { People } from './people.tsx'
import { SaveState } from './save-state.tsx'
import { TitleField } from './title-field.tsx'
import { Typing } from './typing.tsx'
import { type Meta, setMeta, useMeta } from './use-meta.ts'
import { useReturnNotice } from './use-return-notice.ts'

interface DocumentViewProps {
  readonly name: string
}

export function DocumentView({ name }: DocumentViewProps) {
  const room = useRoom(name)
  const state = useRoomState(room)
  const meta = useMeta(room.doc)
  const follow = useRef<Follow>(undefined)
  const commenting = useCommenting(room)
  const talk = useTalk(commenting)
  // Whoever creates a document wants to write.
  const [created] = useState(() => hasSeed(name))

  useReturnNotice(state)
  useKeys({ m: () => commenting.setShown(!commenting.shown) })
  useEffect(() => plantSeed(room.name, room.doc), [room])
  useEffect(() => {
    document.title = `${meta.title.trim() || 'Untitled'} · Syncline`
  }, [meta.title])

  // With something to show, it is shown: of this device's copy, of the server's, or just created here.
  const known = state.synced || meta.editor !== undefined
  return (
    <div className="document">
      {known ? (
        <>
          <div className="document-bar">
            <TitleField doc={room.doc} title={meta.title} readOnly={isLocked(state)} />
            <SaveState state={state} />
            <People room={room} onFollow={(clients) => follow.current?.(clients)} />
            <CommentsToggle commenting={commenting} />
            <DocumentChatToggle room={room} {...talk} />
            {state.readOnly ? null : <HistoryLink room={room.name} />}
            {state.readOnly ? null : <EntriesLink room={room.name} />}
          </div>
          <Notices room={room} state={state} />
          <div className="document-body">
            <div className="document-editor">
              <Content
                room={room}
                state={state}
                meta={meta}
                follow={follow}
                created={created}
                commenting={commenting}
              />
              <Typing room={room} />
              <CommentOnSelection commenting={commenting} />
            </div>
            <CommentsPanel room={room} commenting={commenting} />
            <DocumentChat room={room} {...talk} />
          </div>
        </>
      ) : (
        <Unopened room={room} state={state} />
      )}
    </div>
  )
}

/** The chat has the place of the comments: of the two, what was opened last is shown. */
function useTalk({ shown, setShown }: Commenting) {
  const [opened, setOpened] = useState(false)
  useEffect(() => {
    if (shown) setOpened(false)
  }, [shown])
  const onChange = (open: boolean) => {
    setOpened(open)
    if (open) setShown(false)
  }
  return { opened, onChange }
}

function HistoryLink({ room }: { readonly room: string }) {
  return (
    <Tooltip label="History (H)">
      <ActionIcon
        component="a"
        variant="subtle"
        color="gray"
        size="lg"
        aria-label="History"
        {...linkTo(historyPath(room))}
      >
        <IconHistory size={20} stroke={1.7} />
      </ActionIcon>
    </Tooltip>
  )
}

/** For developers, so not where a phone has no room to spare. */
function EntriesLink({ room }: { readonly room: string }) {
  return (
    <Tooltip label="Entries of this room">
      <ActionIcon
        component="a"
        variant="subtle"
        color="gray"
        size="lg"
        aria-label="Entries of this room"
        visibleFrom="xs"
        {...linkTo(inspectorPath(room))}
      >
        <IconListDetails size={20} stroke={1.7} />
      </ActionIcon>
    </Tooltip>
  )
}

/** A document that was refused stays readable, for what was written in it; more would not be taken. */
const isLocked = ({ readOnly, status }: RoomState): boolean => readOnly || status === 'refused'

interface ContentProps {
  readonly room: Room
  readonly state: RoomState
  readonly meta: Meta
  readonly follow: { current: Follow | undefined }
  readonly created: boolean
  readonly commenting: Commenting
}

function Content({ room, state, meta, follow, created, commenting }: ContentProps) {
  const readOnly = isLocked(state)
  if (meta.editor === undefined) {
    return holdsOther(room) ? (
      <Foreign room={room} readOnly={readOnly} />
    ) : (
      <Unset room={room} readOnly={readOnly} />
    )
  }
  return (
    <Suspense fallback={<Opening />}>
      {meta.editor === 'code' ? (
        <CodeEditor
          room={room}
          readOnly={readOnly}
          language={meta.language}
          follow={follow}
          focus={created}
          commenting={commenting}
        />
      ) : (
        <RichEditor room={room} readOnly={readOnly} follow={follow} focus={created} commenting={commenting} />
      )}
    </Suspense>
  )
}

/** Whether another application keeps something here, which neither editor knows of. */
const holdsOther = ({ doc }: Room): boolean =>
  [...doc.share].some(([name, type]) => !OURS.has(name) && (type._map.size > 0 || type._start !== null))

const OURS: ReadonlySet<string> = new Set(Object.values(DOCUMENT_FIELDS))

/** The room exists and nothing is in it: somebody has to say what it will be. */
function Unset({ room, readOnly }: { readonly room: Room; readonly readOnly: boolean }) {
  return (
    <EmptyState
      py={64}
      px="md"
      icon={<IconFilePlus />}
      title="This document is empty"
      description={readOnly ? 'Whoever may write here has not begun yet.' : 'Choose what it will hold.'}
    >
      {readOnly ? null : (
        <EmptyState.Actions>
          <Button
            leftSection={<IconAlignLeft size={18} />}
            variant="default"
            onClick={() => setMeta(room.doc, 'editor', 'rich')}
          >
            Rich text
          </Button>
          <Button
            leftSection={<IconCode size={18} />}
            variant="default"
            onClick={() => setMeta(room.doc, 'editor', 'code')}
          >
            Code
          </Button>
        </EmptyState.Actions>
      )}
    </EmptyState>
  )
}

/** Nothing to show yet: it is on its way, or it cannot come. */
function Unopened({ room, state }: { readonly room: Room; readonly state: RoomState }) {
  const { status, refusal, loaded } = state
  if (status === 'refused' && refusal !== undefined) {
    return (
      <EmptyState
        py={64}
        px="md"
        icon={<IconFileOff />}
        title={refusal.message}
        description={whatToDo(refusal)}
      >
        <EmptyState.Actions>
          <Group justify="center" gap="sm">
            <Button component="a" {...linkTo('/')}>
              Go to documents
            </Button>
            <Button variant="default" onClick={() => room.retry()}>
              Try again
            </Button>
          </Group>
        </EmptyState.Actions>
      </EmptyState>
    )
  }
  if (status === 'offline' && loaded) {
    return (
      <EmptyState
        py={64}
        px="md"
        icon={<IconCloudOff />}
        title="The server cannot be reached"
        description="This document is not on this device yet. It opens as soon as the server answers."
      />
    )
  }
  return <Opening />
}

function Opening() {
  return (
    <Stack p="lg" gap="md" role="status" aria-label="Opening the document" maw={760} w="100%" mx="auto">
      <Skeleton height={28} width="45%" />
      <Skeleton height={14} />
      <Skeleton height={14} width="92%" />
      <Skeleton height={14} width="70%" />
    </Stack>
  )
}

import { spotlight } from '@mantine/spotlight'
import { IconMapOff } from '@tabler/icons-react'
import { lazy, type RefObject, Suspense, useEffect, useRef, useState } from 'react'
import { SynclineProvider, useClientStatus } from '../react/index.ts'
import { type Client, type ConnectionStatus, connect } from '../sdk/index.ts'
import { ActivityView } from './activity/activity-view.tsx'
import { ProjectsView } from './activity/projects-view.tsx'
import { BuildView } from './builds/build-view.tsx'
import { BuildsView } from './builds/builds-view.tsx'
import { ChatsView } from './chat/chats-view.tsx'
import { DocumentView } from './document/document-view.tsx'
import { preloadEditors } from './document/editors.ts'
import { CreateDialog } from './documents/create-dialog.tsx'
import { DocumentsView } from './documents/documents-view.tsx'
import { type Documents, useDocuments } from './documents/use-documents.ts'
import { HistoriesView } from './history/histories-view.tsx'
import { HistoryView } from './history/history-view.tsx'
import { InspectorView } from './inspector/inspector-view.tsx'
import { InboxView } from './notifications/inbox-view.tsx'
import { PreferencesView } from './notifications/preferences-view.tsx'
import {
  ACTIVITY,
  BUILDS,
  CHATS,
  documentPath,
  HISTORIES,
  historyPath,
  INBOX,
  navigate,
  parseRoute,
  type Route,
  usePath,
} from './router.ts'
import type { Session } from './session.ts'
import { EmptyPage } from './shell/empty-page.tsx'
import { Finder } from './shell/finder.tsx'
import { Frame } from './shell/frame.tsx'
import { KeysHelp } from './shell/keys-help.tsx'
import { LeaveDialog, useLeaving, warnWhileLosing } from './shell/leaving.tsx'
import { LoadingRows } from './shell/loading-rows.tsx'
import { useKeys } from './shell/use-keys.ts'
import { ViewBoundary } from './shell/view-boundary.tsx'

const OperationsView = lazy(async () => ({
  default: (await import('./operations/operations-view.tsx')).OperationsView,
}))

interface StudioProps {
  readonly session: Session
  readonly development: boolean
  readonly onLeave: () => void
}

/** All that is seen once one has entered. */
export function Studio({ session, development, onLeave }: StudioProps) {
  const client = useClient(session)
  if (client === undefined) return null
  return (
    <SynclineProvider client={client}>
      <Entered session={session} development={development} onLeave={onLeave} />
    </SynclineProvider>
  )
}

/** One client for a session. It is made in the effect, since StrictMode renders twice and a socket is no rendering. */
function useClient(session: Session): Client | undefined {
  const [client, setClient] = useState<Client>()
  useEffect(() => {
    const { id, name } = session.user
    // Without a colour, so that two people in one room do not have the same.
    const made = connect({ url: location.origin, token: session.token, user: { id, name } })
    warnWhileLosing(made)
    setClient(made)
    return () => {
      setClient(undefined)
      // What could not be sent by now stays on this device, and the next session sends it. Where it cannot stay, whoever left
      // was asked, and is asked once more if they close the page before it is given up.
      made.destroy().catch(reportError)
    }
  }, [session])
  return client
}

function Entered({ session, development, onLeave }: StudioProps) {
  const path = usePath()
  const route = parseRoute(path)
  const documents = useDocuments(session.token)
  const [creating, setCreating] = useState(false)
  const [helping, setHelping] = useState(false)
  const leaving = useLeaving(onLeave)
  const searchRef = useRef<HTMLInputElement>(null)
  const connection = useConnection(route, documents)
  const reload = documents.reload

  useEffect(preloadEditors, [])
  useFocusOnArrival(path)
  const shown = useRef(route.view)
  useEffect(() => {
    if (shown.current === route.view) return
    shown.current = route.view
    if (route.view === 'documents' || route.view === 'histories') reload()
  }, [route.view, reload])

  const create = session.mayCreate ? () => setCreating(true) : undefined
  const help = () => setHelping(true)
  const past = route.view === 'document' ? historyPath(route.room) : HISTORIES
  useKeys({
    '?': help,
    ...(create === undefined ? {} : { c: create }),
    g: () => navigate('/'),
    b: () => navigate(BUILDS),
    a: () => navigate(ACTIVITY),
    t: () => navigate(CHATS),
    i: () => (route.view === 'inbox' ? window.history.back() : navigate(INBOX)),
    // There and back again.
    h: () => navigate(route.view === 'history' ? documentPath(route.room) : past),
    '/': () => searchRef.current?.focus(),
  })

  return (
    <Frame
      session={session}
      connection={connection}
      current={route.view}
      past={past}
      onFind={spotlight.open}
      onKeys={help}
      onCreate={create}
      onLeave={leaving.leave}
    >
      <ViewBoundary path={path}>
        <View
          session={session}
          development={development}
          route={route}
          documents={documents}
          onCreate={create}
          searchRef={searchRef}
        />
      </ViewBoundary>
      <Finder documents={documents.list} past={past} session={session} onCreate={create} onKeys={help} />
      <CreateDialog opened={creating} onClose={() => setCreating(false)} />
      <LeaveDialog {...leaving} />
      <KeysHelp opened={helping} onClose={() => setHelping(false)} />
    </Frame>
  )
}

/** As a browser does on a new page: the next Tab begins there, and a screen reader reads from there. */
function useFocusOnArrival(path: string): void {
  const shown = useRef(path)
  useEffect(() => {
    if (shown.current === path) return
    shown.current = path
    document.getElementById('main')?.focus({ preventScroll: true })
  }, [path])
}

/** The socket opens with the first room; before that, whether the list could be read says as much. */
function useConnection(route: Route, { list, error }: Documents): ConnectionStatus {
  const status = useClientStatus()
  if (
    route.view === 'document' ||
    route.view === 'build' ||
    route.view === 'activity' ||
    route.view === 'chat'
  )
    return status
  if (error?.code === 'unreachable') return 'offline'
  return list === undefined ? 'connecting' : 'online'
}

interface ViewProps {
  readonly session: Session
  readonly development: boolean
  readonly route: Route
  readonly documents: Documents
  readonly onCreate: (() => void) | undefined
  readonly searchRef: RefObject<HTMLInputElement | null>
}

function View({ session, development, route, documents, onCreate, searchRef }: ViewProps) {
  if (route.view === 'documents') {
    return <DocumentsView documents={documents} onCreate={onCreate} searchRef={searchRef} />
  }
  if (route.view === 'document') {
    return <DocumentView key={route.room} name={route.room} />
  }
  if (route.view === 'histories') return <HistoriesView documents={documents} />
  if (route.view === 'builds') return <BuildsView token={session.token} development={development} />
  if (route.view === 'projects') {
    return <ProjectsView token={session.token} mayCreate={session.mayCreate} />
  }
  if (route.view === 'activity') {
    const { project } = route
    return <ActivityView key={project} project={project} documents={documents.list} searchRef={searchRef} />
  }
  if (route.view === 'build') {
    return <BuildView key={route.room} name={route.room} token={session.token} searchRef={searchRef} />
  }
  if (route.view === 'chats' || route.view === 'chat') {
    const room = route.view === 'chat' ? route.room : undefined
    return <ChatsView session={session} room={room} searchRef={searchRef} />
  }
  if (route.view === 'inspector') {
    return <InspectorView key={route.room} room={route.room} token={session.token} />
  }
  if (route.view === 'inbox') return <InboxView />
  if (route.view === 'preferences') return <PreferencesView />
  if (route.view === 'operations') {
    return (
      <Suspense fallback={<LoadingRows label="Loading the operations" height={52} />}>
        <OperationsView session={session} section={route.section} searchRef={searchRef} />
      </Suspense>
    )
  }
  if (route.view === 'history') {
    const { room } = route
    const title = documents.list?.find(({ name }) => name === room)?.title ?? undefined
    return <HistoryView key={room} room={room} title={title} token={session.token} />
  }
  return (
    <EmptyPage
      icon={<IconMapOff />}
      title="There is nothing at this address"
      description="The link may be incomplete. A document's address looks like /d/doc:readme."
    />
  )
}

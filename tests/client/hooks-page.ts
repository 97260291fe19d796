/** Runs in the browser: components of hooks alone, which say what the hooks returned at each render. */
import { act, createElement, StrictMode } from 'react'
import { flushSync } from 'react-dom'
import { createRoot } from 'react-dom/client'
import {
  SynclineProvider,
  useActivity,
  useActivitySummary,
  useBuild,
  useBuildLog,
  useChat,
  useChats,
  useComments,
  useDeployment,
  useEvents,
  useMetrics,
  useNotificationPreferences,
  useNotifications,
  usePeopleStatus,
  usePresence,
  useRoom,
  useRoomPeople,
  useRoomState,
  useSaved,
  useSharedList,
  useSharedMap,
  useTasks,
  useThreads,
  useTyping,
  useUnread,
} from '../../client/react/index.ts'
import { type Client, connect } from '../../client/sdk/index.ts'

/** A component that is rendered with what it is given; all its renders, in order. */
function mounted<Given extends object, Shown>(client: Client, use: (given: Given) => Shown) {
  const renders: { readonly given: Given; readonly shown: Shown }[] = []
  const Shows = ({ given }: { readonly given: Given }) => {
    renders.push({ given, shown: use(given) })
    return null
  }
  const root = createRoot(document.body.appendChild(document.createElement('div')))
  const render = (given: Given) => {
    const shown = createElement(SynclineProvider, { client }, createElement(Shows, { given }))
    root.render(createElement(StrictMode, null, shown))
  }
  return {
    renders,
    newest: () => renders.at(-1)?.shown,
    /** Resolves when its effects have run, and what they have changed at once is rendered. */
    give: async (given: Given) => {
      Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true })
      await act(() => render(given))
      Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: false })
    },
    /** At once: nothing can have come from the server meanwhile. */
    again: (given: Given): Shown => {
      flushSync(() => render(given))
      const newest = renders.at(-1)
      if (newest?.given !== given) throw new Error('It was not rendered')
      return newest.shown
    },
  }
}

const useEach = () => {
  const room = useRoom('doc:each')
  return {
    useActivity: useActivity('each'),
    useActivitySummary: useActivitySummary('each', { by: 'person' }),
    useBuild: useBuild(room),
    useBuildLog: useBuildLog(room),
    useChat: useChat(room),
    useChats: useChats(),
    useComments: useComments(room),
    useDeployment: useDeployment(room),
    useEvents: useEvents(room, ['build.progress']),
    useMetrics: useMetrics('each'),
    useNotificationPreferences: useNotificationPreferences(),
    useNotifications: useNotifications(),
    usePeopleStatus: usePeopleStatus(['bob']),
    usePresence: usePresence(room),
    useRoom: room,
    useRoomPeople: useRoomPeople(room),
    useRoomState: useRoomState(room),
    useSaved: useSaved(room),
    useSharedList: useSharedList(room, 'list'),
    useSharedMap: useSharedMap(room, 'map'),
    useTasks: useTasks(room),
    useThreads: useThreads(room),
    useTyping: useTyping(room),
    useUnread: useUnread(),
  }
}

const open = (url: string, token: string) => {
  const client = connect({ url, token, offline: false })
  const people = mounted(client, ({ room }: { readonly room: string }) => {
    const { people: shown, error } = useRoomPeople(useRoom(room))
    return { people: shown?.map(({ user }) => user), error: error?.message }
  })
  const statuses = mounted(client, ({ users }: { readonly users: readonly string[] }) =>
    [...usePeopleStatus(users)].map(([user, { status }]) => `${user} ${status}`),
  )
  const each = mounted(client, useEach)
  return {
    people,
    statuses,
    showEach: () => each.give({}),
    /** The hooks that return something else when they are rendered once more. */
    unstable: () => {
      each.again({}) // with what has come
      const first = new Map<string, unknown>(Object.entries(each.again({})))
      return Object.entries(each.again({})).flatMap(([name, value]) =>
        first.get(name) === value ? [] : [name],
      )
    },
  }
}

declare global {
  interface Window {
    openHooks: typeof open
    hooks: ReturnType<typeof open>
  }
}

window.openHooks = open

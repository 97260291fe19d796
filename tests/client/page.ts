/** Runs in the browser: what the test calls there. */
import { createElement, StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import * as Y from 'yjs'
import {
  RealtimeStatus,
  SynclineProvider,
  useBuild,
  useBuildLog,
  useEvents,
  useMetrics,
  usePresence,
  useRealtimeUpdates,
  useRoom,
  useSaved,
  useSharedMap,
  useStatus,
} from '../../client/react/index.ts'
import { chatOf, connect, inboxOf, type RoomState } from '../../client/sdk/index.ts'

const Shown = ({ name }: { readonly name: string }) => {
  const room = useRoom(name)
  const { saved } = useSaved(room)
  return createElement('p', null, `${useStatus(room)} ${saved} ${usePresence(room).length}`)
}

const Built = ({ name }: { readonly name: string }) => {
  const room = useRoom(name)
  const { status, share, seq } = useBuild(room)
  const newest = useEvents(room, ['build.progress', 'build.queued'], { limit: 2 })
  const [{ theme }, settings] = useSharedMap<{ theme: string }>(room, 'settings')
  useRealtimeUpdates(room, ['build.queued'], () => settings.set('theme', 'dark'))
  const shown = `${status} ${share} to ${seq}, ${newest.length} events, ${useBuildLog(room).length} lines, ${theme}`
  return createElement('div', null, createElement('p', null, shown), createElement(RealtimeStatus, { room }))
}

const Measured = ({ org }: { readonly org: string }) => {
  const points = useMetrics(org, { names: ['signup'] }).series?.flatMap((series) => series.points)
  return createElement('p', null, `${points?.reduce((sum, { count }) => sum + count, 0)} signups`)
}

const open = (url: string, token: string, name: string, user = 'ada') => {
  const client = connect({
    url,
    token: () => (navigator.onLine ? token : Promise.reject(new Error('no network'))),
    user: { id: user, name: user },
  })
  const room = client.room(name)
  return {
    client,
    whenLoaded: () => room.whenLoaded(),
    whenSaved: () => room.whenSaved(),
    state: (): RoomState => room.getState(),
    read: () => room.doc.getText('content').toString(),
    write: (text: string) => room.doc.getText('content').insert(0, text),
    /** As it stands before anything could come back. */
    written: (text: string): RoomState => {
      room.doc.getText('content').insert(0, text)
      return room.getState()
    },
    publish: (share: number) => room.publish('build.progress', { share }),
    /** As they are called when they are published, without waiting for what comes of them. */
    publishAll: (shares: readonly number[]) => {
      for (const share of shares) void room.publish('build.progress', { share })
    },
    /** What is said in the room, as it is shown; kept up to date from the first call on. */
    said: () => {
      const chat = chatOf(client, room)
      chat.subscribe(() => undefined)
      return chat.getState().messages.map(({ state, text }) => `${state}: ${text}`)
    },
    say: (text: string) => chatOf(client, room).send({ text }),
    /** Of what was said and refused. */
    drop: (text: string) => {
      const chat = chatOf(client, room)
      const refused = chat.getState().messages.filter((one) => one.text === text && one.state === 'refused')
      for (const { id } of refused) chat.drop(id)
    },
    queue: () => room.publish('build.queued', {}),
    /** As a page does that shows what is unread in chats. */
    openInbox: () => void client.inbox(),
    showInbox: () => inboxOf(client).subscribe(() => undefined),
    /** As what shows notifications does, which may come later. */
    markRead: (id: string) => void client.room(`user:${user}`).publish('user.read', { ids: [id] }),
    refused: () => {
      const codes: string[] = []
      room.onRefused(({ refusal }) => codes.push(refusal.code))
      return codes
    },
    /** What the room has been told of, once it was told of so many. */
    shares: (count: number) =>
      new Promise<readonly number[]>((resolve) => {
        const shares: number[] = []
        const stop = room.on(
          'build.progress',
          ({ payload }) => {
            if (shares.push(payload.share) !== count) return
            queueMicrotask(() => stop())
            resolve(shares)
          },
          'start',
        )
      }),
    showBuild: () => {
      const shown = createElement(SynclineProvider, { client }, createElement(Built, { name }))
      createRoot(document.body).render(createElement(StrictMode, null, shown))
    },
    track: (org: string) => {
      client.analytics(org).track('signup')
      return client.analytics(org).flush()
    },
    showMetrics: (org: string) => {
      const shown = createElement(SynclineProvider, { client }, createElement(Measured, { org }))
      createRoot(document.body).render(createElement(StrictMode, null, shown))
    },
    /** The state vector, by its clocks, that the copy on the device was last confirmed with. */
    confirmed: async (room: string): Promise<readonly number[] | undefined> => {
      const noted = await fromCopy(room, 'custom', (store) => store.get('confirmed'))
      return noted instanceof Uint8Array ? [...Y.decodeSnapshot(noted).sv.values()] : undefined
    },
    /** Closes the room in the moment in which it reads its copy to make one update of many. */
    closeOnceItCompacts: (room: string) =>
      new Promise<void>((resolve, reject) => {
        const { getAll } = IDBObjectStore.prototype
        IDBObjectStore.prototype.getAll = function (
          this: IDBObjectStore,
          ...what: Parameters<typeof getAll>
        ) {
          IDBObjectStore.prototype.getAll = getAll
          const request = getAll.apply(this, what)
          queueMicrotask(() => client.room(room).destroy().then(resolve, reject))
          return request
        }
      }),
    erase: (length: number) => room.doc.getText('content').delete(0, length),
    show: () => {
      const shown = createElement(SynclineProvider, { client }, createElement(Shown, { name }))
      createRoot(document.body).render(createElement(StrictMode, null, shown))
    },
  }
}

async function fromCopy(
  room: string,
  store: string,
  ask: (store: IDBObjectStore) => IDBRequest<unknown>,
): Promise<unknown> {
  const [{ name = '' } = {}] = (await indexedDB.databases()).filter((one) => one.name?.includes(room))
  const opening = indexedDB.open(name)
  await new Promise((resolve) => opening.addEventListener('success', resolve))
  const request = ask(opening.result.transaction(store, 'readonly').objectStore(store))
  await new Promise((resolve) => request.addEventListener('success', resolve))
  opening.result.close()
  return request.result
}

declare global {
  interface Window {
    open_: typeof open
    here: ReturnType<typeof open>
  }
}

window.open_ = open

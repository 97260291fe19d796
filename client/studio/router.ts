import { type MouseEvent, useSyncExternalStore } from 'react'
import { ROOM_NAME } from '../../server/protocol.ts'

export type Route =
  | { readonly view: 'documents' }
  | { readonly view: 'document'; readonly room: string }
  | { readonly view: 'histories' }
  | { readonly view: 'history'; readonly room: string }
  | { readonly view: 'operations'; readonly section: Section }
  | { readonly view: 'builds' }
  | { readonly view: 'projects' }
  | { readonly view: 'activity'; readonly project: string }
  | { readonly view: 'build'; readonly room: string }
  | { readonly view: 'chats' }
  | { readonly view: 'chat'; readonly room: string }
  | { readonly view: 'inspector'; readonly room: string }
  | { readonly view: 'inbox' }
  | { readonly view: 'preferences' }
  | { readonly view: 'unknown'; readonly path: string }

/** Of the operations, in the order in which they are shown. */
export const SECTIONS = ['overview', 'alerts', 'people', 'rooms', 'quarantine', 'webhooks', 'audit'] as const
export type Section = (typeof SECTIONS)[number]

const CHANGED = 'studio:route'

/** Where one chooses whose past to read. */
export const HISTORIES = '/history'
const OPERATIONS = '/operations'
/** Of what stands beside a room's entries. */
const ROOMS = '/rooms'
export const BUILDS = '/builds'
/** Where one chooses whose activity to read. */
export const ACTIVITY = '/activity'
export const CHATS = '/chat'
export const INBOX = '/notifications'
export const PREFERENCES = '/notifications/preferences'

const ROOM_PAGES = [
  ['document', /^\/d\/([^/]+)\/?$/],
  ['history', /^\/documents\/([^/]+)\/history\/?$/],
  ['inspector', /^\/rooms\/([^/]+)\/entries\/?$/],
] as const

export function parseRoute(path: string): Route {
  if (path === '/' || path === '') return { view: 'documents' }
  if (path === HISTORIES) return { view: 'histories' }
  // Where the list of rooms was before there were operations.
  if (path === ROOMS) return { view: 'operations', section: 'rooms' }
  const section = SECTIONS.find((one) => path === operationsPath(one))
  if (section !== undefined) return { view: 'operations', section }
  if (path === BUILDS) return { view: 'builds' }
  if (path === ACTIVITY) return { view: 'projects' }
  if (path === CHATS) return { view: 'chats' }
  if (path === INBOX) return { view: 'inbox' }
  if (path === PREFERENCES) return { view: 'preferences' }
  for (const [view, pattern] of ROOM_PAGES) {
    const match = pattern.exec(path)
    const room = match?.[1] === undefined ? undefined : decode(match[1])
    if (room !== undefined && ROOM_NAME.test(room)) return { view, room }
  }
  const project = decode(/^\/activity\/([^/]+)\/?$/.exec(path)?.[1] ?? '') ?? ''
  if (ROOM_NAME.test(`project:${project}`)) return { view: 'activity', project }
  const chat = `${CHAT_ROOM}${decode(/^\/chat\/([^/]+)\/?$/.exec(path)?.[1] ?? '') ?? ''}`
  if (ROOM_NAME.test(chat)) return { view: 'chat', room: chat }
  const build = decode(/^\/builds\/([^/]+)\/?$/.exec(path)?.[1] ?? '')
  const room = `${BUILD_ROOM}${build ?? ''}`
  return ROOM_NAME.test(room) ? { view: 'build', room } : { view: 'unknown', path }
}

const BUILD_ROOM = 'build:'
const CHAT_ROOM = 'chat:'
const PROJECT_ROOM = 'project:'

/** A hand-typed address may hold a stray percent sign; that is an unknown place, not a crash. */
function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

/** `:` stays readable: a room is `kind:id` and the address shows it so. */
const segment = (room: string): string => encodeURIComponent(room).replaceAll('%3A', ':')

export const operationsPath = (section: Section): string =>
  section === 'overview' ? OPERATIONS : `${OPERATIONS}/${section}`
export const documentPath = (room: string): string => `/d/${segment(room)}`
/** A document at one of its comments. */
export const commentPath = (room: string, comment: string): string =>
  `${documentPath(room)}?${new URLSearchParams({ comment })}`
export const commentIn = (search: string): string | undefined =>
  new URLSearchParams(search).get('comment') ?? undefined
export const activityPath = (project: string): string => `${ACTIVITY}/${segment(project)}`
export const inspectorPath = (room: string): string => `${ROOMS}/${segment(room)}/entries`
export const buildPath = (room: string): string => `${BUILDS}/${segment(room.slice(BUILD_ROOM.length))}`
export const chatPath = (room: string): string => `${CHATS}/${segment(room.slice(CHAT_ROOM.length))}`
/** Where a room is looked at, whatever it holds. */
export const roomPath = (room: string): string => {
  if (room.startsWith(BUILD_ROOM)) return buildPath(room)
  if (room.startsWith(PROJECT_ROOM)) return activityPath(room.slice(PROJECT_ROOM.length))
  return room.startsWith(CHAT_ROOM) ? chatPath(room) : documentPath(room)
}
export const historyPath = (room: string): string => `/documents/${segment(room)}/history`

export function navigate(path: string, options: { readonly replace?: boolean } = {}): void {
  if (path === location.pathname + location.search + location.hash) return
  if (options.replace) history.replaceState(null, '', path)
  else history.pushState(null, '', path)
  window.dispatchEvent(new Event(CHANGED))
}

function subscribe(listener: () => void): () => void {
  window.addEventListener('popstate', listener)
  window.addEventListener(CHANGED, listener)
  return () => {
    window.removeEventListener('popstate', listener)
    window.removeEventListener(CHANGED, listener)
  }
}

export const usePath = (): string => useSyncExternalStore(subscribe, () => location.pathname)
/** What stands behind the question mark, with it. */
export const useSearch = (): string => useSyncExternalStore(subscribe, () => location.search)
/** What stands behind the number sign, with it. */
export const useHash = (): string => useSyncExternalStore(subscribe, () => location.hash)

/** Properties of a real link that stays within the page; modified clicks keep opening tabs. */
export const linkTo = (path: string) => ({
  href: path,
  onClick: (event: MouseEvent) => {
    if (event.defaultPrevented || event.button !== 0) return
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
    event.preventDefault()
    navigate(path)
  },
})

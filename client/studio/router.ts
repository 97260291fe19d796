import { type MouseEvent, useSyncExternalStore } from 'react'
import { ROOM_NAME } from '../../server/protocol.ts'

export type Route =
  | { readonly view: 'documents' }
  | { readonly view: 'document'; readonly room: string }
  | { readonly view: 'unknown'; readonly path: string }

const CHANGED = 'studio:route'

export function parseRoute(path: string): Route {
  if (path === '/' || path === '') return { view: 'documents' }
  const match = /^\/d\/([^/]+)\/?$/.exec(path)
  const room = match?.[1] === undefined ? undefined : decode(match[1])
  return room === undefined || !ROOM_NAME.test(room) ? { view: 'unknown', path } : { view: 'document', room }
}

/** A hand-typed address may hold a stray percent sign; that is an unknown place, not a crash. */
function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

/** `:` stays readable: a room is `kind:id` and the address shows it so. */
export const documentPath = (room: string): string => `/d/${encodeURIComponent(room).replaceAll('%3A', ':')}`

export function navigate(path: string, options: { readonly replace?: boolean } = {}): void {
  if (path === location.pathname) return
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

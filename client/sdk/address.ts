import { ROOM_HINT, SYNC_PATH } from '../../server/protocol.ts'

/** `https://host`, `wss://host` and `/` of the page that runs this all name the same server. */
export const socketUrl = (url: string, nearRoom?: string): string => {
  const base = typeof location === 'undefined' ? undefined : location.href
  const address = new URL(url, base)
  if (address.protocol === 'http:') address.protocol = 'ws:'
  if (address.protocol === 'https:') address.protocol = 'wss:'
  if (address.pathname === '/') address.pathname = SYNC_PATH
  if (nearRoom !== undefined) address.searchParams.set(ROOM_HINT, nearRoom)
  return address.toString()
}

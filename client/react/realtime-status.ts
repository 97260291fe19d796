import { createElement, type ReactElement, useCallback, useSyncExternalStore } from 'react'
import type { Room } from '../sdk/room.ts'
import type { RoomState } from '../sdk/state.ts'
import { useClient } from './provider.ts'
import { useRoomState } from './use-status.ts'

export type RealtimeStatusName = 'connected' | 'connecting' | 'reconnecting' | 'offline' | 'refused'

export interface RealtimeStatusProps {
  readonly room: Room
  readonly className?: string
  /** Words in place of the English ones; `waiting` is how many events wait on this device to be sent. */
  readonly label?: (status: RealtimeStatusName, waiting: number) => string
}

/**
 * Whether the room is connected, and how many events wait to be sent: a line of text that is read out when the
 * connection changes, and not at each event. Style sheets find the state in `data-status`, `data-transport` and `data-waiting`; the dot before the text
 * takes its colour from `--syncline-connected`, `--syncline-waiting` and `--syncline-offline`.
 */
export const RealtimeStatus = ({ room, className, label = inEnglish }: RealtimeStatusProps): ReactElement => {
  const client = useClient()
  const subscribe = useCallback((listener: () => void) => client.subscribe(listener), [client])
  const readTransport = useCallback(() => client.getState().transport, [client])
  const transport = useSyncExternalStore(subscribe, readTransport, readTransport)
  const network = useSyncExternalStore(onNetwork, hasNetwork, () => true)
  const state = useRoomState(room)
  const status = statusOf(state, network)
  const words = label(status, 0)
  const all = label(status, state.unsent)
  const rest = all.startsWith(words) ? all.slice(words.length) : ''
  const dot = createElement('span', { 'aria-hidden': true, style: { color: COLORS[status] } }, '● ')
  return createElement(
    'span',
    {
      role: 'status',
      className,
      title: state.refusal?.message,
      'data-status': status,
      'data-transport': transport,
      'data-waiting': state.unsent,
    },
    dot,
    rest === '' ? all : words,
    rest === '' ? null : createElement('span', { 'aria-live': 'off' }, rest),
  )
}

const COLORS: Readonly<Record<RealtimeStatusName, string>> = {
  connected: 'var(--syncline-connected, #2b8a3e)',
  connecting: 'var(--syncline-waiting, #b35c00)',
  reconnecting: 'var(--syncline-waiting, #b35c00)',
  offline: 'var(--syncline-offline, #868e96)',
  refused: 'var(--syncline-offline, #868e96)',
}

const WORDS: Readonly<Record<RealtimeStatusName, string>> = {
  connected: 'Connected',
  connecting: 'Connecting',
  reconnecting: 'Reconnecting',
  offline: 'Offline',
  refused: 'No access',
}

const inEnglish = (status: RealtimeStatusName, waiting: number): string => {
  if (waiting === 0 || status === 'connected') return WORDS[status]
  return `${WORDS[status]}, ${waiting} ${waiting === 1 ? 'event waits' : 'events wait'} to be sent`
}

const statusOf = ({ status, synced }: RoomState, network: boolean): RealtimeStatusName => {
  if (status === 'online') return 'connected'
  if (status === 'refused') return 'refused'
  if (!network) return 'offline'
  return synced ? 'reconnecting' : 'connecting'
}

const hasNetwork = (): boolean => navigator.onLine !== false

const onNetwork = (listener: () => void): (() => void) => {
  window.addEventListener('online', listener)
  window.addEventListener('offline', listener)
  return () => {
    window.removeEventListener('online', listener)
    window.removeEventListener('offline', listener)
  }
}

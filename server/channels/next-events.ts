import type { Seq } from '../log/entry.ts'
import type { RoomLog } from '../log/room-log.ts'
import type { Channels, EventPage } from './channels.ts'
import type { Subscriber } from './subscription.ts'
import type { Visit } from './visit.ts'

interface Wait {
  readonly after: Seq
  readonly limit: number
  readonly mayRead: (type: string) => boolean
  readonly visit: Visit
  /** How long to wait, in ms. */
  readonly wait: number
  /** Aborted when whoever waits has gone. */
  readonly gone: AbortSignal
}

/**
 * The next events after a position as soon as there are any, or none after a while.
 * @throws SynclineError where the visit ends first, or the room is deleted
 */
export function nextEvents(
  channels: Channels,
  room: RoomLog,
  { after, limit, mayRead, visit, wait, gone }: Wait,
): Promise<EventPage> {
  const { promise, resolve, reject } = Promise.withResolvers<EventPage>()
  let reset: Seq | undefined
  const subscriber: Subscriber = {
    ready: true,
    mayRead,
    events: (events) => resolve({ events: events.slice(0, limit), head: room.known, reset }),
    reset: (dropped) => {
      reset = dropped
    },
    resumed: () => {
      if (reset !== undefined) none()
    },
    failed: reject,
  }
  const subscription = channels.subscribe(room, subscriber, after)
  // Not the head: what has just come may still be on its way out of the database.
  const none = () => resolve({ events: [], head: subscription.position, reset })
  const timer = setTimeout(none, wait)
  const ended = () => reject(visit.ended.reason)
  visit.ended.addEventListener('abort', ended)
  gone.addEventListener('abort', none)
  return promise.finally(() => {
    clearTimeout(timer)
    subscription.end()
    visit.ended.removeEventListener('abort', ended)
    gone.removeEventListener('abort', none)
  })
}

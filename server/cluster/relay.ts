import type { Bus } from '../bus.ts'
import type { Log } from '../log/log.ts'
import type { RoomLog } from '../log/room-log.ts'
import { decodeCommit, encodeCommit } from './commit-frame.ts'

/**
 * How long an entry that stands between others may still be on its way, in ms: it has left its node before or after
 * those by less than a commit takes. After that it is read from the log.
 */
const PATIENCE = 100

/**
 * Tells the other nodes of each commit, and each open room of what they commit. What is lost on the way is noticed by
 * what comes next, or by the watch of heads a second later.
 */
export function relay(bus: Bus, log: Log): void {
  log.patience = () => (bus.connected ? PATIENCE : 0)
  log.onOpen((room) => {
    const topic = `room:${room.id}`
    room.onCommit((commit) => {
      if (commit.entries.length > 0 && bus.isHeard(topic)) bus.publish(topic, encodeCommit(commit))
    })
    room.onClose(bus.subscribe(topic, (_from, body) => receive(log, room, body)))
  })
}

function receive(log: Log, room: RoomLog, body: Uint8Array): void {
  const told = decodeCommit(body)
  if (told !== undefined) log.received(room, told)
}

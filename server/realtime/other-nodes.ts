import type { Document, TransactionOrigin } from '@hocuspocus/server'
import { RoomTail } from '../documents/room-tail.ts'
import type { Log } from '../log/log.ts'
import type { RoomLog } from '../log/room-log.ts'
import type { Logger } from '../observe/log.ts'
import { reportFault } from './faults.ts'
import { UNWATCHED } from './room-watch.ts'

/** What Hocuspocus takes for another node's: it is in the log, and is not to be stored once more. */
const OF_OTHER_NODES: TransactionOrigin = { source: 'redis' }

export const isOfOtherNodes = (origin: unknown): boolean => origin === OF_OTHER_NODES

/** What another node has written builds on what is not in the log before it. */
export function reportGap(document: Document, origin: unknown): void {
  if (isOfOtherNodes(origin))
    reportFault(document, new Error('an entry builds on one that is not in the log'))
}

/** Keeps an open document up with other nodes; returns what stops it. */
export function followOtherNodes(
  document: Document,
  room: RoomLog,
  log: Log,
  logger: Logger,
  watch = UNWATCHED,
): () => void {
  const tail = new RoomTail({
    log,
    room,
    doc: document,
    origin: OF_OTHER_NODES,
    unread: (error) => logger.warn({ err: error, room: document.name }, 'the log could not be read on'),
    broken: (error) => reportFault(document, error),
    lagged: (ms) => watch.lagged(ms),
  })
  return () => tail.stop()
}

import { setTimeout as pause } from 'node:timers/promises'
import type { Connection, Document } from '@hocuspocus/server'
import type { Logger } from '../observe/log.ts'
import { within } from '../within.ts'
import type { Connections } from './connections.ts'

/** WebSocket close code "service restart". */
export const RESTARTS = 1012
/** How long what a client sent may take to be answered before it is told to move all the same, in ms. */
const ANSWERED_WITHIN = 2_000

/** Settles when all that came over these connections is committed and acknowledged, or that takes too long. */
export async function answered(
  connections: Iterable<Connection>,
  committed: (document: Document) => Promise<unknown>,
): Promise<void> {
  const rooms = [...connections].map(async (connection) => {
    await connection.waitForPendingMessages()
    await committed(connection.document)
  })
  await within(ANSWERED_WITHIN, Promise.allSettled(rooms))
}

/**
 * Sends everybody to another node, one after another over so many ms, so that it is not asked for all documents at
 * once. Each has a stretch of that time, and is told somewhere in it: two nodes that stop together do not keep step.
 */
export async function moveAll(connections: Connections, over: number, logger: Logger): Promise<void> {
  connections.drain()
  const started = performance.now()
  const sockets = [...connections.all]
  logger.info({ clients: sockets.length, seconds: over / 1000 }, 'shutting down')
  const moves: Promise<void>[] = []
  for (const [index, socket] of sockets.entries()) {
    if (!connections.has(socket)) continue
    const due = started + (over * (index + Math.random())) / sockets.length
    const wait = due - performance.now()
    // A pause takes a millisecond at least, which thousands who are due already must not wait for each other.
    if (wait > 0) await pause(wait)
    moves.push(socket.move())
  }
  await Promise.all(moves)
}

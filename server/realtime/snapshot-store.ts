import { Database } from '@hocuspocus/extension-database'
import type { Document } from '@hocuspocus/server'
import type { RoomDocument } from '../documents/room-document.ts'
import type { Log } from '../log/log.ts'

/**
 * What @hocuspocus/extension-database stores: the document's state as a snapshot at the position that it holds.
 * `encoded` is called in the turn in which the state was encoded, and returns the room, if it is open still.
 */
export const snapshotStore = (
  log: Log,
  encoded: (document: Document) => RoomDocument | undefined,
): Database =>
  new Database({
    store: async ({ document, state }) => {
      // Still that turn: what is appended now is exactly what the state holds.
      const room = encoded(document)
      if (room === undefined) return
      const { log: own } = room
      const { integrated, head, appended, committed } = own
      const { era } = log
      const failed = room.snapshotTaken(state.length)
      // All that it holds, if nothing of another node's comes to stand among what is on its way.
      const seq = integrated + appended - committed
      const last = await own.durable()
      // What the document holds, the database may have lost.
      await log.refresh(own)
      if (own.ended !== undefined || log.era !== era) {
        failed()
        return
      }
      // What has come back from the database before it was settled here would be counted twice.
      const counted = integrated === head && last === seq
      if (appended > committed && !counted) {
        failed()
        return
      }
      try {
        // Once more: it may have been lost since it was asked.
        if (!(await log.saveSnapshot(room.log.id, { seq, state }))) failed()
      } catch (error) {
        failed()
        throw error
      }
    },
  })

import type { Connection } from '@hocuspocus/server'
import type { Limits } from '../config.ts'
import type { Brake } from './brake.ts'
import { queueOf } from './refusal.ts'

/** Frames wait in a connection while one of them is looked at for long; meanwhile nothing more is read. */
export function boundQueue(
  connection: Connection,
  { inboundMessages, inboundBytes }: Pick<Limits, 'inboundMessages' | 'inboundBytes'>,
  brake: Pick<Brake, 'restUntil'>,
): void {
  const handle = connection.handleMessage.bind(connection)
  let bytes = 0
  let resting = false
  connection.handleMessage = (frame: Uint8Array) => {
    const waiting = queueOf(connection).length
    bytes = waiting === 0 ? frame.length : bytes + frame.length
    handle(frame)
    if (resting || (waiting < inboundMessages && bytes <= inboundBytes)) return
    resting = true
    const settled = connection.waitForPendingMessages().then(() => {
      resting = false
    })
    void brake.restUntil(settled)
  }
}

import { setTimeout as delay } from 'node:timers/promises'
import { Lane } from '../../server/log/lane.ts'
import { HeldAcknowledgements } from '../../server/realtime/held-acknowledgements.ts'

// The negative control: a server that acknowledges before it commits, as stock Hocuspocus does.
HeldAcknowledgements.prototype.hold = (socket, frame) => {
  socket.send(frame)
}
const { commit } = Lane.prototype
Lane.prototype.commit = async function (batch) {
  // Far longer than whoever kills it may take to wake.
  await delay(1_000)
  return commit.call(this, batch)
}

await import('../../server/main.ts')

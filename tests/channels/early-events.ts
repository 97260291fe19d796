import { setTimeout as delay } from 'node:timers/promises'
import { Channel } from '../../server/channels/channel.ts'
import { Lane } from '../../server/log/lane.ts'

// The negative control: a server that acknowledges events before it commits them, with the seqs that they are to have.
const { publish } = Channel.prototype
Channel.prototype.publish = function (actor, event) {
  const committed = publish.call(this, actor, event)
  committed.catch(() => undefined)
  return Promise.resolve({ id: event.id, seq: this.room.head + this.room.waiting })
}
const { commit } = Lane.prototype
Lane.prototype.commit = async function (batch) {
  await delay(200)
  return commit.call(this, batch)
}

await import('../../server/main.ts')

import { Channels } from '../../server/channels/channels.ts'

// The negative control: a server that tells who comes back only of what is new, as Hocuspocus' stateless messages do.
const { subscribe } = Channels.prototype
Channels.prototype.subscribe = function (room, subscriber) {
  return subscribe.call(this, room, subscriber, undefined)
}

await import('../../server/main.ts')

import { HeadWatch } from '../../server/log/head-watch.ts'
import { RoomFeed } from '../../server/log/room-feed.ts'
import { RoomLog } from '../../server/log/room-log.ts'

// A negative control: a server to which of ten messages from other nodes the third is lost, and which never looks into the log for it.
HeadWatch.prototype.start = () => undefined
RoomFeed.prototype.expect = () => undefined
const { received } = RoomLog.prototype
let told = 0
RoomLog.prototype.received = function (lastSeq, entries) {
  told += 1
  if (told % 10 !== 3) received.call(this, lastSeq, entries)
}

await import('../../server/main.ts')

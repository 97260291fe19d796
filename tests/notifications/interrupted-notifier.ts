import { randomUUID } from 'node:crypto'
import { existsSync, writeFileSync } from 'node:fs'
import { Channels } from '../../server/channels/channels.ts'

// A server that stops in the middle of telling people of something, for the kill to come just then: at the one whom `STOP_AT`
// names, once, as long as the file `STOPPED` is not there. With `FORGETFUL` it is the negative control: its notifications are
// called anew each time that they are made.
const { STOP_AT = '', STOPPED = '', FORGETFUL } = process.env
const { publishAs } = Channels.prototype
Channels.prototype.publishAs = async function (user, room, drafts) {
  const told = drafts.some(({ payload }) => String(Object(payload).title).startsWith('Build failed'))
  if (told && room === `user:${STOP_AT}` && !existsSync(STOPPED)) {
    writeFileSync(STOPPED, '')
    await new Promise(() => undefined)
  }
  const named = FORGETFUL === undefined ? drafts : drafts.map((draft) => ({ ...draft, id: randomUUID() }))
  return publishAs.call(this, user, room, named)
}

await import('../../server/main.ts')

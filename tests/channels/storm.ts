import { Turn } from '../../server/commands/turn.ts'
import { API_PREFIX, type EventDraft } from '../../server/protocol.ts'
import { type PublisherRecord, type ReaderRecord, RoomRecord, type Sighting } from './checker.ts'
import { EventClient } from './event-client.ts'

/** A server that is killed and comes back. */
export interface Mortal {
  /** Of its WebSocket, now. */
  readonly wsUrl: () => string
  /** Of its HTTP, now. */
  readonly url: () => string
  readonly token: () => Promise<string>
  /** kill -9, and a start on the same data. */
  readonly kill: () => Promise<void>
}

export interface StormOptions {
  /** A `build:` room. */
  readonly room: string
  readonly events: number
  readonly publishers: number
  readonly readers: number
  /** Events of one message. */
  readonly batch: number
  /** How often the server dies. */
  readonly kills: number
  /** How often everybody loses their connection at once. */
  readonly reconnects: number
  readonly withinMs: number
}

export interface StormResult {
  readonly record: RoomRecord
  /** What stands in the log at the end. */
  readonly stored: readonly Sighting[]
}

/** Unanswered events of one publisher: there are always some on their way when the server dies. */
const WINDOW = 5

/**
 * Everybody publishes and reads as fast as answers come, while connections are cut and the server is killed, spread
 * evenly over the events. It ends when all is answered, and everybody, cut once more, was told that they have seen all.
 */
export async function storm(server: Mortal, options: StormOptions): Promise<StormResult> {
  const { room, events, publishers, readers, batch, withinMs } = options
  const record = new RoomRecord()
  const turn = new Turn()
  const { wsUrl: url, token } = server
  let next = 0
  const join = (publisher: PublisherRecord | undefined, reader: ReaderRecord): EventClient => {
    const client = new EventClient({ url, token, room, ...(publisher && { publisher }), reader })
    client.onTold = () => turn.changed()
    return client
  }
  // Publishers read as well: an application's clients do both over one connection.
  const publishing = Array.from({ length: publishers }, (_, index) => {
    const name = `publisher ${index}`
    const publisher = record.publisher(name)
    const client = join(publisher, record.reader(name))
    client.onTold = () => {
      while (client.online && client.unanswered < WINDOW * batch && next < events)
        client.publish(Array.from({ length: Math.min(batch, events - next) }, () => draft(next++)))
      turn.changed()
    }
    return client
  })
  const reading = Array.from({ length: readers }, (_, index) =>
    join(undefined, record.reader(`reader ${index}`)),
  )
  const clients = [...publishing, ...reading]
  const answered = (): number => next - publishing.reduce((sum, { unanswered }) => sum + unanswered, 0)
  const cutAll = (): void => {
    for (const client of clients) client.cut()
  }
  const late = setTimeout(() => turn.fail(new Error('the storm did not end in time')), withinMs)
  try {
    const disasters = spread(options)
    for (const [index, disaster] of disasters.entries()) {
      const due = ((index + 1) / (disasters.length + 1)) * events
      await turn.until(() => answered() >= due)
      if (disaster === 'kill') await server.kill()
      else cutAll()
    }
    await turn.until(() => answered() === events)
    cutAll()
    await turn.until(() => clients.every(({ resumed }) => resumed))
    return { record, stored: await readAll(server, room) }
  } finally {
    clearTimeout(late)
    for (const client of clients) client.destroy()
  }
}

const draft = (index: number): EventDraft => ({
  type: 'build.log',
  id: `event-${index}`,
  payload: {
    first: index + 1,
    lines: [`line ${index + 1} of a build that goes on whatever happens to its server`],
  },
})

/** Kills among the reconnects, evenly. */
function spread({ kills, reconnects }: StormOptions): readonly ('kill' | 'cut')[] {
  const total = kills + reconnects
  return Array.from({ length: total }, (_, index) =>
    Math.floor(((index + 1) * kills) / total) > Math.floor((index * kills) / total) ? 'kill' : 'cut',
  )
}

/** All events of a room, page by page. */
export async function readAll(
  { url, token }: Pick<Mortal, 'url' | 'token'>,
  room: string,
): Promise<Sighting[]> {
  const all: Sighting[] = []
  const headers = { authorization: `Bearer ${await token()}` }
  for (;;) {
    const after = all.at(-1)?.seq ?? 0
    const address = `${url()}${API_PREFIX}/rooms/${room}/events?after=${after}&limit=1000`
    const answer = await fetch(address, { headers })
    const page: { readonly events: readonly Sighting[] } = await answer.json()
    if (page.events.length === 0) return all
    all.push(...page.events.map(({ seq, id }) => ({ seq, id })))
  }
}

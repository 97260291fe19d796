import { API_PREFIX, type EventDraft, type Grants, type RoomEvent } from '../../server/protocol.ts'
import { type Fault, RoomRecord, type Sighting } from '../channels/checker.ts'
import { EventClient } from '../channels/event-client.ts'
import { until } from '../support/server.ts'

/** A server that is killed and comes back. */
export interface Mortal {
  readonly url: () => string
  readonly wsUrl: () => string
  readonly token: (user: string, grants: Grants) => Promise<string>
  /** kill -9, and a start on the same data. */
  readonly kill: () => Promise<void>
}

export interface StormOptions {
  readonly people: number
  /** Builds that fail, each of which everybody is told of. */
  readonly builds: number
  readonly kills: number
  /** How many of the people are connected, and read as it comes. */
  readonly readers: number
  readonly withinMs: number
}

export interface StormResult {
  readonly notifications: number
  readonly faults: readonly Fault[]
}

const PROJECT = 'project:storm'
const AT_ONCE = 1_000
const REQUESTS = 20

/**
 * Everybody of a project is told that they were added to it and that its builds fail, while the server is killed. What each
 * inbox has at the end, and what those saw who were connected, is checked against what happened.
 */
export async function storm(server: Mortal, options: StormOptions): Promise<StormResult> {
  const { builds, kills, withinMs } = options
  const people = Array.from({ length: options.people }, (_, n) => `p${String(n).padStart(5, '0')}`)
  const wanted = 1 + builds
  const publish = (room: string, drafts: readonly EventDraft[]) => post(server, room, drafts)
  const records = new Map(people.map((person) => [person, new RoomRecord()]))
  const watched = people.filter((_, n) => n % Math.ceil(people.length / options.readers) === 0)
  const clients = watched.map(
    (person) =>
      new EventClient({
        url: server.wsUrl,
        token: () => server.token(person, {}),
        room: `user:${person}`,
        reader: recordOf(records, person).reader(person),
      }),
  )
  const middle = people[Math.floor(people.length / 2)] ?? ''
  const has = async (person: string, count: number) => (await inboxOf(server, person)).length >= count
  try {
    // What each is to be told of: their own joining, and every build; in which order, only within a room.
    for (let first = 0; first < people.length; first += AT_ONCE) {
      const drafts = people
        .slice(first, first + AT_ONCE)
        .map((user) => draft('project.member.joined', `joined-${user}`, { user }))
      for (const [index, { seq }] of (await publish(PROJECT, drafts)).entries())
        expected(records, people[first + index] ?? '', PROJECT, seq)
    }
    await until(
      async () => (await Promise.all(people.slice(-1).map((person) => has(person, 1)))).every(Boolean),
      withinMs,
    )
    for (let build = 0; build < builds; build += 1) {
      const room = `build:storm-${build}`
      await publish(room, [draft('build.created', 'created', { title: `Build ${build}`, project: 'storm' })])
      const [failed] = await publish(room, [draft('build.failed', 'failed', { message: 'no' })])
      for (const person of people) expected(records, person, room, failed?.seq ?? 0)
      // Some have been told of it, and others have not.
      const due = Math.floor((build * kills) / builds) > Math.floor(((build - 1) * kills) / builds)
      if (!due) continue
      await until(() => has(middle, 2 + build), withinMs)
      await server.kill()
    }
    const lists = new Map<string, readonly Sighting[]>()
    const all = async () => {
      // One after the other: a server that is asked for a thousand inboxes again and again has no time to fill them.
      for (const person of people) await until(() => has(person, wanted), withinMs)
    }
    await all().catch(() => undefined) // what is lost then, the check says
    for (const client of clients) client.cut()
    await until(() => clients.every(({ resumed }) => resumed), withinMs)
    // What comes twice may come late.
    await inTurns(people, async (person) => {
      lists.set(person, await inboxOf(server, person))
    })
    return {
      notifications: [...lists.values()].reduce((sum, list) => sum + list.length, 0),
      faults: people.flatMap((person) => check(recordOf(records, person), lists.get(person) ?? [])),
    }
  } finally {
    for (const client of clients) client.destroy()
  }
}

const draft = (type: string, id: string, payload: unknown): EventDraft => ({ type, id, payload })

function recordOf(records: ReadonlyMap<string, RoomRecord>, person: string): RoomRecord {
  const record = records.get(person)
  if (record === undefined) throw new Error(`nobody is called ${person}`)
  return record
}

/** An inbox's events are called by what they were made of: by whose hand is not known outside. */
const nameOf = (room: string, seq: number): string => `${room} ${seq}`

function expected(records: ReadonlyMap<string, RoomRecord>, person: string, room: string, seq: number): void {
  recordOf(records, person).publisher(room).published.push(nameOf(room, seq))
}

/** What was published was promised to be told: where it is not in the log, it is lost. */
function check(record: RoomRecord, stored: readonly Sighting[]): readonly Fault[] {
  const seqs = new Map(stored.map(({ id, seq }) => [id, seq]))
  for (const publisher of record.publishers)
    for (const id of publisher.published) publisher.acknowledged.push({ id, seq: seqs.get(id) ?? 0 })
  const ofIds = new Map(stored.map(({ id, seq }) => [seq, id]))
  // Readers saw the events' own ids; the seq says which they are.
  for (const reader of record.readers)
    reader.seen.splice(
      0,
      reader.seen.length,
      ...reader.seen.map(({ seq, id }) => ({ seq, id: ofIds.get(seq) ?? id })),
    )
  return record.check(stored)
}

async function inTurns<Item>(items: readonly Item[], work: (item: Item) => Promise<void>): Promise<void> {
  const left = [...items]
  const worker = async () => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item)
  }
  await Promise.all(Array.from({ length: REQUESTS }, worker))
}

const OPERATOR: Grants = { '*:*': 'admin' }

async function request<Answer>(server: Mortal, path: string, body?: unknown): Promise<Answer> {
  const answer = await fetch(`${server.url()}${API_PREFIX}${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      authorization: `Bearer ${await server.token('operator', OPERATOR)}`,
      'content-type': 'application/json',
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  if (!answer.ok) throw new Error(`${path}: ${await answer.text()}`)
  return answer.json()
}

async function post(
  server: Mortal,
  room: string,
  drafts: readonly EventDraft[],
): Promise<readonly { readonly seq: number }[]> {
  return (
    await request<{ readonly events: readonly { readonly seq: number }[] }>(
      server,
      `/rooms/${room}/events`,
      drafts,
    )
  ).events
}

type Notified = RoomEvent<
  'user.notified',
  { readonly source: { readonly room: string; readonly seq: number } }
>

/** What the inbox's log holds, in its order. */
async function inboxOf(server: Mortal, person: string): Promise<readonly Sighting[]> {
  const { events } = await request<{ readonly events: readonly Notified[] }>(
    server,
    `/rooms/user:${person}/events?limit=1000&types=user.notified`,
  ).catch((error: unknown) => {
    // Nobody has told them anything yet.
    if (String(error).includes('room-not-found')) return { events: [] }
    throw error
  })
  return events.map(({ seq, payload: { source } }) => ({ seq, id: nameOf(source.room, source.seq) }))
}

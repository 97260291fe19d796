import type { Bench, Scenario } from '../../bench.ts'
import { Latencies } from '../../load/latencies.ts'
import type { Peer } from '../../peer.ts'

const DATABASE = 'people-messages'
const ROOMS = 1_000
/** Half of the messages are in the first room, the others spread over the rest. */
const MESSAGES = { full: 1_000_000, quick: 50_000 }
const READER = 'ada'
/** Belongs to one of the small chats alone. */
const NEWCOMER = 'bob'
const TIMES = { full: 60, quick: 10 }
const WARM_UP = 5

/** What somebody with a thousand chats waits for, over HTTP, one request after the other. */
export const messages: Scenario = {
  name: 'people-messages',
  title: `A million messages in ${ROOMS} chats, all of them one person's, over HTTP`,
  columns: [
    { figure: 'unread', title: `unread of ${ROOMS} chats p50, ms`, digits: 1 },
    { figure: 'newest', title: 'newest 50 of half a million p50, ms', digits: 1 },
    { figure: 'middle', title: '50 from their middle p50, ms', digits: 1 },
    { figure: 'rare', title: 'search, 1 in 10,000 p50, ms', digits: 1 },
    { figure: 'some', title: 'search, 1 in 100 p50, ms', digits: 1 },
    { figure: 'common', title: 'search, every second p50, ms', digits: 1 },
    { figure: 'absent', title: 'search, nowhere p50, ms', digits: 1 },
    { figure: 'newcomer', title: 'search of one chat, every second p50, ms', digits: 1 },
    { figure: 'list', title: `list of ${ROOMS} chats p50, ms`, digits: 1 },
  ],
  goals: [
    { figure: 'unread', atMost: 20 },
    ...['newest', 'middle', 'rare', 'some', 'common', 'absent', 'newcomer'].map((figure) => ({
      figure,
      atMost: 50,
    })),
  ],
  run: async (bench) => {
    // A server makes the tables.
    await bench.using('syncline', () => fill(bench), { database: DATABASE })
    return bench.repeat(['syncline'], bench.pick(3, 1), (peer) => measure(bench, peer), {
      database: DATABASE,
    })
  },
}

async function measure(bench: Bench, peer: Peer) {
  const total = bench.pick(MESSAGES.full, MESSAGES.quick)
  const questions: Readonly<Record<string, readonly [string, string]>> = {
    unread: [READER, '/chats/unread'],
    newest: [READER, '/rooms/chat:b0/messages?limit=50'],
    middle: [READER, `/rooms/chat:b0/messages?limit=50&before=${Math.floor(total / 4)}`],
    rare: [READER, '/chats/search?q=rare'],
    some: [READER, '/chats/search?q=some'],
    common: [READER, '/chats/search?q=common'],
    absent: [READER, '/chats/search?q=absent'],
    newcomer: [NEWCOMER, '/chats/search?q=common'],
    list: [READER, `/chats?limit=${ROOMS}`],
  }
  const figures: Record<string, number> = {}
  await bench.measure(peer, async () => {
    for (const [figure, [user, path]] of Object.entries(questions))
      figures[figure] = await medianOf(peer, user, path, bench.pick(TIMES.full, TIMES.quick))
  })
  return figures
}

async function medianOf(peer: Peer, user: string, path: string, times: number): Promise<number> {
  const address = new URL(`/api/v1${path}`, peer.address.replace('ws', 'http'))
  const headers = { authorization: `Bearer ${peer.signToken(user, { 'chat:*': 'write' })}` }
  const latencies = new Latencies()
  for (let i = 0; i < WARM_UP + times; i += 1) {
    const started = performance.now()
    const answer = await fetch(address, { headers })
    await answer.arrayBuffer()
    if (!answer.ok) throw new Error(`${path} was answered with ${answer.status}`)
    if (i >= WARM_UP) latencies.add(performance.now() - started)
  }
  return latencies.percentile(50)
}

/** Writes the tables as the follower leaves them: a million events would be published for half an hour. */
async function fill(bench: Bench): Promise<void> {
  const each = bench.pick(MESSAGES.full, MESSAGES.quick) / 2
  const small = Math.floor(each / (ROOMS - 1))
  const ask = (sql: string, ...values: unknown[]) => bench.postgres.query(DATABASE, sql, values)
  const [there] = await bench.postgres.query(DATABASE, `select from rooms where name = 'chat:b0'`)
  if (there !== undefined) return
  await ask(
    `insert into rooms (name, kind, created_by, head)
     select 'chat:b' || i, 'chat', $1, case i when 0 then $2::int else $3::int end + 1 from generate_series(0, $4::int - 1) i`,
    READER,
    each,
    small,
    ROOMS,
  )
  await ask(
    `insert into chats (room_id, title, direct, created_by, created_at, messages, last_seq)
     select id, name, false, $1, now(), head - 1, head from rooms where kind = 'chat'`,
    READER,
  )
  await ask(
    `insert into chat_members (room_id, user_id, role, joined_seq, said)
     select id, u, 'write', 1, case u when $1 then (head - 1) / 3 else 0 end from rooms, unnest(array[$1, 'cy', 'dan']) u where kind = 'chat'
     union all select id, $2, 'write', 1, 0 from rooms where name = 'chat:b7'`,
    READER,
    NEWCOMER,
  )
  // Nothing read for a while: half a million in the one, a few hundred in each of the others.
  await ask(
    `insert into read_positions (room_id, user_id, seq, number, own_number)
     select id, $1, n + 1, n, n / 3 from (select id, (id * 7919) % head as n from rooms where kind = 'chat') r`,
    READER,
  )
  await ask('alter table chat_messages disable trigger refuse_deleted_room')
  await ask('drop index chat_messages_words')
  await ask(
    `insert into chat_messages (room_id, seq, number, id, author, own_number, at, text, deleted_at)
     select r.id, n + 1, n, 'm' || n, (array[$1, 'cy', 'dan'])[1 + n % 3], (n + 2) / 3, now() - (r.head - n) * interval '1 second',
       case when (n + r.id) % 50 = 0 then '' else 'message ' || n || ' ' || md5((r.id * 31 + n)::text) ||
         case when (n + r.id) % 2 = 1 then ' common' else '' end || case when (n + r.id) % 100 = 7 then ' some' else '' end ||
         case when (n + r.id) % 10000 = 77 then ' rare' else '' end || ' words of no meaning at all that people write' end,
       case when (n + r.id) % 50 = 0 then now() end
     from rooms r, generate_series(1, r.head - 1) n where r.kind = 'chat'`,
    READER,
  )
  // What was deleted after it is counted with a position.
  await ask(
    `update read_positions p set number = number + (
       select count(*) from chat_messages m
       where m.room_id = p.room_id and m.seq > p.seq and m.deleted_at is not null and m.author <> p.user_id)`,
  )
  await ask('create index chat_messages_words on chat_messages using gin (words) with (fastupdate = off)')
  await ask('alter table chat_messages enable trigger refuse_deleted_room')
  for (const table of ['chat_messages', 'chat_members', 'read_positions', 'rooms', 'chats'])
    await ask(`vacuum analyze ${table}`)
}

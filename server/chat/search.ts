import type { Seq } from '../log/entry.ts'
import type { Queryable } from '../storage/transaction.ts'
import { saysWhat } from '../storage/words.ts'

/** A message in which something was found. */
export interface FoundMessage {
  readonly room: string
  readonly id: string
  readonly seq: Seq
  readonly author: string
  /** Milliseconds since the epoch. */
  readonly at: number
  /** Of its text, in pieces, what was looked for apart from what is around it. */
  readonly excerpt: readonly { readonly text: string; readonly found: boolean }[]
}

/** What stands before and after what was found: two characters that are in no script, and are taken out of texts first. */
const OPEN = '\u{e000}'
const CLOSE = '\u{e001}'
const MARKS = `StartSel=${OPEN}, StopSel=${CLOSE}`
const PARTS = `${MARKS}, MaxFragments=2, MaxWords=24, MinWords=8, FragmentDelimiter=" … "`
/** A text of so many characters is shown whole. */
const SHORT = 240
/** Of a long text only so much is looked through for what to show. */
const SHOWN = 8_000

/** Whoever has fewer messages has them looked through one by one. */
const FEW = 20_000
/** The newest messages of all, of which it is told whether the words are common. */
const SAMPLE = 1_000
/** Words in a larger share of them are looked for in some more of the newest, of which a page is soon full, before the index is asked. */
const COMMON = 0.005
/** Of many more the database would rather sort all that there are than take them by their time. */
const SOME_MORE = 20_000

/** All of these rooms' own. */
const OWN = `from unnest($1::bigint[]) r cross join lateral (select * from chat_messages where room_id = r) m
  where m.words @@ words.q and m.deleted_at is null`
/** Those of these rooms among the newest of all. */
const newest = (
  count: number,
): string => `from (select * from chat_messages order by at desc limit ${count}) m
  where m.words @@ words.q and m.deleted_at is null and m.room_id = any($1)`
/** Out of the index of words, and then those of these rooms. */
const INDEXED = `from (
    with found as materialized (select c.room_id, c.seq, c.at from chat_messages c where c.words @@ words.q and c.deleted_at is null)
    select m.* from (select * from found where room_id = any($1) order by at desc, seq desc limit $3) f
      join chat_messages m using (room_id, seq)) m where true`

const found = (where: string): string => `
  with words as (select websearch_to_tsquery('simple', $2) as q),
  hits as (select m.room_id, m.seq, m.id, m.author, m.at, m.text, q from words cross join lateral (
    select m.* ${where} order by m.at desc, m.seq desc limit $3) m)
  select rooms.name as room, m.id, m.seq::float8 as seq, m.author, extract(epoch from m.at)::float8 * 1000 as at,
    ts_headline('simple', translate(left(m.text, ${SHOWN}), '${OPEN}${CLOSE}', ''), q,
      case when length(m.text) > ${SHORT} then '${PARTS}' else '${MARKS}, HighlightAll=true' end) as excerpt
  from hits m join rooms on rooms.id = m.room_id
  where rooms.deleted_at is null
  order by m.at desc, m.seq desc`

interface Sought {
  readonly words: string
  readonly room?: string | undefined
  readonly limit: number
}

/**
 * The newest messages of somebody's own chats, or of one of them, that have these words: quoted ones together, `or`,
 * `-not`. The database knows neither how common words are nor how many messages are theirs, and any one way takes a second for
 * somebody; so it is found out what there is less of.
 */
export async function searchMessages(
  db: Queryable,
  user: string,
  { words, room, limit }: Sought,
): Promise<readonly FoundMessage[]> {
  const { rooms, count } = await ownRooms(db, user, room)
  const ask = async (where: string): Promise<readonly FoundMessage[]> => {
    const { rows } = await db.query<Omit<FoundMessage, 'excerpt'> & { readonly excerpt: string }>(
      found(where),
      [rooms, words, limit],
    )
    return rows.map((row) => ({ ...row, excerpt: piecesOf(row.excerpt) }))
  }
  if (rooms.length === 0 || !(await saysWhat(db, words))) return []
  if (count <= FEW) return ask(OWN)
  if ((await shareOf(db, words)) > COMMON) {
    const recent = await ask(newest(SOME_MORE))
    if (recent.length === limit) return recent
  }
  return ask(INDEXED)
}

/** Their chats, and how many messages there are in them. */
async function ownRooms(
  db: Queryable,
  user: string,
  room: string | undefined,
): Promise<{ readonly rooms: readonly string[]; readonly count: number }> {
  const { rows } = await db.query<{ id: string; count: string }>({
    name: 'messages of own chats',
    text: `
      select m.room_id as id, c.messages as count
      from chat_members m join chats c on c.room_id = m.room_id
      where m.user_id = $1 and m.left_seq is null
        and ($2::text is null or m.room_id = (select id from rooms where name = $2))`,
    values: [user, room ?? null],
  })
  return { rooms: rows.map(({ id }) => id), count: rows.reduce((sum, { count }) => sum + Number(count), 0) }
}

/** How many of the newest messages of all have these words. */
async function shareOf(db: Queryable, words: string): Promise<number> {
  const { rows } = await db.query<{ share: number }>(
    `select (count(*) filter (where m.words @@ websearch_to_tsquery('simple', $1)))::float8 / ${SAMPLE} as share
     from (select words from chat_messages order by at desc limit ${SAMPLE}) m`,
    [words],
  )
  return rows[0]?.share ?? 0
}

function piecesOf(marked: string): FoundMessage['excerpt'] {
  return marked
    .split(new RegExp(`(${OPEN}[^${CLOSE}]*${CLOSE})`, 'u'))
    .filter((piece) => piece !== '')
    .map((piece) =>
      piece.startsWith(OPEN) ? { text: piece.slice(1, -1), found: true } : { text: piece, found: false },
    )
}

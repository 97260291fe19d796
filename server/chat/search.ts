import type { Seq } from '../log/entry.ts'
import type { Queryable } from '../storage/transaction.ts'

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

const SEARCH = `
  select rooms.name as room, m.id, m.seq::float8 as seq, m.author, extract(epoch from m.at)::float8 * 1000 as at,
    ts_headline('simple', translate(left(m.text, ${SHOWN}), '${OPEN}${CLOSE}', ''), q,
      case when length(m.text) > ${SHORT} then '${PARTS}' else '${MARKS}, HighlightAll=true' end) as excerpt
  from (
    select m.room_id, m.seq, m.id, m.author, m.at, m.text, q
    from websearch_to_tsquery('simple', $2) q, chat_messages m
    where m.words @@ q and m.room_id = any(array(
      select room_id from chat_members
      where user_id = $1 and left_seq is null and ($3::text is null or room_id = (select id from rooms where name = $3))))
    order by m.at desc limit $4) m
  join rooms on rooms.id = m.room_id
  where rooms.deleted_at is null
  order by m.at desc`

/** The newest messages of somebody's own chats, or of one of them, that have these words: quoted ones together, `or`, `-not`. */
export async function searchMessages(
  db: Queryable,
  user: string,
  {
    words,
    room,
    limit,
  }: { readonly words: string; readonly room?: string | undefined; readonly limit: number },
): Promise<readonly FoundMessage[]> {
  const { rows } = await db.query<Omit<FoundMessage, 'excerpt'> & { readonly excerpt: string }>(SEARCH, [
    user,
    words,
    room ?? null,
    limit,
  ])
  return rows.map((row) => ({ ...row, excerpt: piecesOf(row.excerpt) }))
}

function piecesOf(marked: string): FoundMessage['excerpt'] {
  return marked
    .split(new RegExp(`(${OPEN}[^${CLOSE}]*${CLOSE})`, 'u'))
    .filter((piece) => piece !== '')
    .map((piece) =>
      piece.startsWith(OPEN) ? { text: piece.slice(1, -1), found: true } : { text: piece, found: false },
    )
}

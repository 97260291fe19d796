import type { Listed } from '../log/directory.ts'
import type { Cursors } from './cursors.ts'

/** Rooms that are decided at a time, at least. */
const AT_ONCE = 50
/** Rooms that are decided for one page, about: an application may refuse every one. */
const MOST = 500

interface PageQuery<Room> {
  readonly cursors: Cursors
  /** Which list it is: a cursor of another one is refused. */
  readonly list: string
  readonly limit: number
  /** The `next` of the page before. */
  readonly after: string | undefined
  /** Reads rooms that may perhaps be shown, after a place. */
  readonly candidates: (limit: number, after: string | undefined) => Promise<readonly Listed<Room>[]>
  readonly isShown: (room: Room) => Promise<boolean>
}

/**
 * A page of the rooms that somebody may see, out of those that they may perhaps see. Those that are refused leave no
 * gap that would tell of them: the page is full, or the last one, or `MOST` were looked at for it.
 * @throws SynclineError `request-invalid`
 */
export async function shownPage<Room>({
  cursors,
  list,
  limit,
  after,
  candidates,
  isShown,
}: PageQuery<Room>): Promise<{ readonly rooms: readonly Room[]; readonly next: string | null }> {
  const atOnce = Math.max(limit, AT_ONCE)
  const rooms: Room[] = []
  let place = after === undefined ? undefined : cursors.open(list, after)
  for (let decided = 0; decided < MOST; decided += atOnce) {
    const found = await candidates(atOnce, place)
    const shown = await Promise.all(found.map(({ room }) => isShown(room)))
    for (const [index, { room, cursor }] of found.entries()) {
      place = cursor
      if (shown[index]) rooms.push(room)
      if (rooms.length === limit) return { rooms, next: cursors.seal(list, place) }
    }
    if (found.length < atOnce) return { rooms, next: null }
  }
  return { rooms, next: place === undefined ? null : cursors.seal(list, place) }
}

import type pg from 'pg'
import type { Logger } from '../observe/log.ts'
import type { Pulse } from '../storage/pulse.ts'
import { inTransaction, type Queryable } from '../storage/transaction.ts'

/** Events and stretches of one transaction: those who write in the same project wait for it. */
export const PIECE = 1_000

interface CopiedLink {
  /** Of the project's row. */
  readonly id: string
  readonly room: string
  readonly byProject: boolean
}

/** Brings the next piece of a room into its project; returns how much that was: fewer than `most` when it was all. */
export async function copyPiece(
  client: Queryable,
  { id, room, byProject }: CopiedLink,
  types: readonly string[],
  most: number,
): Promise<number> {
  const { rows } = await client.query<{ copied: number }>(
    'select activity_copy($1, $2, $3, $4, $5) as copied',
    [id, room, byProject, types, most],
  )
  return rows[0]?.copied ?? 0
}

const NEXT = `
select project_id as id, room, by_project as "byProject" from activity_links
where copied_to is not null and (room, project_id, by_project) > ($1, $2::bigint, $3)
order by room, project_id, by_project limit 1`

const FIRST: CopiedLink = { id: '0', room: '', byProject: false }

export interface LinkCopiesOptions {
  readonly pool: pg.Pool
  readonly types: ReadonlyMap<string, unknown>
  readonly logger: Logger
}

/**
 * Brings into projects what large rooms had before they were linked, a piece at a time and in turn. Each link keeps how
 * far it is: whatever is killed, another start or node goes on from there.
 */
export class LinkCopies {
  readonly #options: LinkCopiesOptions
  readonly #types: readonly string[]
  #unwatch: (() => Promise<void>) | undefined
  #closed = false

  constructor(options: LinkCopiesOptions) {
    this.#options = options
    this.#types = [...options.types.keys()]
  }

  start(pulse: Pulse): void {
    this.#unwatch = pulse.watch({
      when: 'exists (select from activity_links where copied_to is not null)',
      act: () => this.copyAll(),
    })
  }

  /** Resolves when the piece is there that is being copied. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#unwatch?.()
  }

  /** Goes round the links until none has more that can be copied. */
  async copyAll(): Promise<void> {
    let more: boolean
    do {
      more = false
      for (let link = await this.#after(FIRST); link !== undefined; link = await this.#after(link)) {
        if (this.#closed) return
        more = (await this.#copy(link)) || more
      }
    } while (more)
  }

  async #after({ room, id, byProject }: CopiedLink): Promise<CopiedLink | undefined> {
    const { rows } = await this.#options.pool.query<CopiedLink>({
      name: 'next link to copy',
      text: NEXT,
      values: [room, id, byProject],
    })
    return rows[0]
  }

  /** Whether there may be more of it. One that cannot be copied holds up no other: it is tried again with the next beat. */
  async #copy(link: CopiedLink): Promise<boolean> {
    const { pool, logger } = this.#options
    try {
      return await inTransaction(pool, async (client) => {
        await client.query('select activity_lock($1, false)', [link.room])
        return (await copyPiece(client, link, this.#types, PIECE)) === PIECE
      })
    } catch (error) {
      logger.error({ err: error, room: link.room }, 'a room cannot be brought into a project')
      return false
    }
  }
}

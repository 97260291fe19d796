import type pg from 'pg'

const BEHIND = `
select l.id from unnest($1::uuid[], $2::bigint[]) as k(id, batch) join log_lanes l on l.id = k.id where l.batch < k.batch`

/**
 * How far all lanes of this node are known to be. Nobody but a lane takes its numbers, so a database that has lost its last
 * batch shows that for ever, while rooms may be as far again by what other nodes have written since.
 */
export class LaneLedger {
  readonly #batches = new Map<string, number>()

  /** The lane's batch of this number is in the database. */
  taken(lane: string, batch: number): void {
    this.#batches.set(lane, batch)
  }

  /** Whether the database has lost batches that it was not known to have lost; such a lane goes on under another name. */
  async lost(client: pg.Client): Promise<boolean> {
    const { rows } = await client.query<{ id: string }>(BEHIND, [
      [...this.#batches.keys()],
      [...this.#batches.values()],
    ])
    return rows.filter(({ id }) => this.#batches.delete(id)).length > 0
  }
}

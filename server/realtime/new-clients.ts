import { Bucket } from '../bucket.ts'
import { HEAVY } from '../documents/update-limits.ts'

const HOUR = 3_600
/** People in rooms that are remembered. Past it the one who brought something longest ago is forgotten. */
const MAX_REMEMBERED = 10_000

/**
 * How many client ids each person has brought to a room that it did not know, on this node: whether the room was closed meanwhile
 * makes no difference. A tab is one id; a server that writes for many, or guests under one name, have thousands a day.
 */
export class NewClients {
  readonly #brought = new Map<string, Bucket>()

  /** Counts so many; returns how long to wait before bringing more, in ms, where it was too many; else 0. */
  take(room: string, actor: string, clients: number): number {
    const key = `${room}\0${actor}`
    const bucket = this.#brought.get(key) ?? new Bucket(HEAVY.clientsOfActor / HOUR, HOUR)
    this.#brought.delete(key)
    const [oldest] = this.#brought.keys()
    if (this.#brought.size >= MAX_REMEMBERED && oldest !== undefined) this.#brought.delete(oldest)
    this.#brought.set(key, bucket)
    return bucket.take(clients, performance.now())
  }

  /** They were refused: who tries again must not have to wait ever longer for it. */
  giveBack(room: string, actor: string, clients: number): void {
    this.take(room, actor, -clients)
  }
}

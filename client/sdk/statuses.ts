import { MAX_PEOPLE_ASKED, type PersonStatus } from '../../server/protocol.ts'
import { guarded } from './guarded.ts'

/** How often it is asked again while somebody watches, in ms. */
const EVERY = 30_000
/** Whoever is asked for within so long is asked for together, in ms. */
const GATHER = 50
/** Long enough for whoever watches to be replaced by somebody who watches the same and more, in ms. */
const GRACE = 1_000

type Ask = (users: readonly string[]) => Promise<readonly PersonStatus[]>

/** Who of some people is online, away or offline: asked of the server, all who watch together. */
export class Statuses {
  readonly #ask: Ask
  readonly #known = new Map<string, PersonStatus>()
  /** By how many; by none any more, for a moment. */
  readonly #watched = new Map<string, number>()
  readonly #listeners = new Set<() => void>()
  readonly #new = new Set<string>()
  #timer: ReturnType<typeof setTimeout> | undefined
  #again: ReturnType<typeof setTimeout> | undefined
  #leaving: ReturnType<typeof setTimeout> | undefined
  #asking = false

  constructor(ask: Ask) {
    this.#ask = ask
  }

  /** What is known of somebody: nothing before the first answer, and of those with whom one shares no room. */
  get(user: string): PersonStatus | undefined {
    return this.#known.get(user)
  }

  /** Keeps asking after these people, and calls back when what is known of anybody changed. Returns what stops it. */
  watch(users: readonly string[], listener: () => void): () => void {
    const each = [...new Set(users)]
    for (const user of each) {
      if (!this.#watched.has(user)) this.#new.add(user)
      this.#watched.set(user, (this.#watched.get(user) ?? 0) + 1)
    }
    const told = (): void => listener()
    this.#listeners.add(told)
    if (this.#new.size > 0) this.#timer ??= setTimeout(() => this.#askNew(), GATHER)
    return () => {
      if (!this.#listeners.delete(told)) return
      for (const user of each) this.#watched.set(user, (this.#watched.get(user) ?? 0) - 1)
      clearTimeout(this.#leaving)
      this.#leaving = setTimeout(() => this.#forget(), GRACE)
    }
  }

  end(): void {
    clearTimeout(this.#timer)
    clearTimeout(this.#again)
    clearTimeout(this.#leaving)
    this.#listeners.clear()
    this.#watched.clear()
  }

  #forget(): void {
    for (const [user, count] of [...this.#watched]) {
      if (count > 0) continue
      this.#watched.delete(user)
      this.#new.delete(user)
      this.#known.delete(user)
    }
  }

  #askNew(): void {
    this.#timer = undefined
    const users = [...this.#new]
    this.#new.clear()
    void this.#askFor(users)
    this.#askLater()
  }

  #askLater(): void {
    if (this.#again !== undefined || this.#watched.size === 0) return
    this.#again = setTimeout(() => {
      this.#again = undefined
      // Nobody sees it in a page that is hidden.
      const seen = typeof document === 'undefined' || document.visibilityState !== 'hidden'
      if (seen && !this.#asking) void this.#askFor([...this.#watched.keys()])
      this.#askLater()
    }, EVERY)
  }

  async #askFor(users: readonly string[]): Promise<void> {
    this.#asking = true
    let changed = false
    for (let i = 0; i < users.length; i += MAX_PEOPLE_ASKED) {
      const some = users.slice(i, i + MAX_PEOPLE_ASKED)
      // What is not answered is asked again; until then what was last known stands.
      const told = await this.#ask(some).catch(() => undefined)
      if (told === undefined) continue
      const byId = new Map(told.map((person) => [person.user, person]))
      for (const user of some) changed = this.#learn(user, byId.get(user)) || changed
    }
    this.#asking = false
    if (changed) for (const listener of [...this.#listeners]) guarded(listener)
  }

  #learn(user: string, person: PersonStatus | undefined): boolean {
    if (!this.#watched.has(user)) return false
    if (JSON.stringify(this.#known.get(user)) === JSON.stringify(person)) return false
    if (person === undefined) this.#known.delete(user)
    else this.#known.set(user, person)
    return true
  }
}

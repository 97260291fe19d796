import type { Role } from '../protocol.ts'
import { Answers, type Whose } from './answers.ts'
import type { Application } from './application.ts'
import { atLeast, type Readable, readable, roleIn, weaker } from './grants.ts'
import type { Identity } from './identity.ts'
import { parseRoomName } from './room-name.ts'
import type { RoomRule } from './room-rule.ts'

/** What somebody may do in a room. */
export interface Decision {
  /** Undefined: nothing, not even know whether it exists. */
  readonly role: Role | undefined
  /** Whether they may create the room, should it be absent. */
  readonly mayCreate: boolean
  /** Until when it holds, the token's own expiry aside; milliseconds since the epoch, `Infinity` for a token's grants. */
  readonly until: number
}

export interface AuthorizerOptions {
  /** The kinds of which rooms may be created; every kind where it is undefined. */
  readonly roomKinds?: readonly string[] | undefined
  /** Decides, where there is one; a token's grants are then the most that it can allow. */
  readonly application?: Pick<Application, 'ask'> | undefined
  /** Kinds of rooms, and rooms, in which something else decides than grants and applications. */
  readonly rules?: Readonly<Record<string, RoomRule>>
}

/** The one place that decides who may do what in which room: joins, standing connections, HTTP and server-side edits. */
export class Authorizer {
  readonly #roomKinds: readonly string[] | undefined
  readonly #answers: Answers | undefined
  readonly #rules: ReadonlyMap<string, RoomRule>
  /** Of those who stand connected, by their ids: what has one of them decided again. */
  readonly #standing = new Map<string, Set<(room: string | undefined) => void>>()
  #epoch = 0

  constructor({ roomKinds, application, rules = {} }: AuthorizerOptions) {
    this.#roomKinds = roomKinds
    this.#rules = new Map(Object.entries(rules))
    this.#answers =
      application === undefined ? undefined : new Answers((identity, room) => application.ask(identity, room))
  }

  /** Goes up with each `forget`: a decision of an earlier epoch is to be made again. */
  get epoch(): number {
    return this.#epoch
  }

  /** Whether an application may refuse rooms that a token's grants allow. */
  get asksApplication(): boolean {
    return this.#answers !== undefined
  }

  /** Kinds whose rooms general lists leave out: theirs are private, and have lists of their own. */
  get ruledKinds(): readonly string[] {
    return [...this.#rules.keys()].filter((ruled) => !ruled.includes(':'))
  }

  /** @throws SynclineError `room-name-invalid`, `authorization-unavailable` */
  async decide(identity: Identity, room: string): Promise<Decision> {
    const { kind } = parseRoomName(room)
    const most = this.most(identity, room)
    const rule = this.#ruleOf(room)
    if (rule !== undefined) {
      const role = most && (await rule.roleOf(identity, room, most))
      return this.#decision(role, kind, rule.createdByEntering, Number.POSITIVE_INFINITY)
    }
    if (most === undefined || this.#answers === undefined) {
      return this.#decision(most, kind, true, Number.POSITIVE_INFINITY)
    }
    const { role, create, until } = await this.#answers.get(identity, room)
    return this.#decision(role === null ? undefined : weaker(role, most), kind, create, until)
  }

  /** The most that a token lets somebody do in a room, whatever an application says. */
  most(identity: Identity, room: string): Role | undefined {
    const rule = this.#ruleOf(room)
    if (rule !== undefined) return rule.most(identity, room)
    if (!identity.defers) return roleIn(identity.grants, room)
    return this.#answers === undefined ? undefined : 'admin'
  }

  /** The rooms in which somebody can have the role that is needed, whatever more specific grants take away; where an application is asked, it may still refuse some. */
  candidates(identity: Identity, needed: Role = 'read'): Readable {
    return identity.defers && this.#answers !== undefined ? 'all' : readable(identity.grants, needed)
  }

  /** Makes every decision that was made for this user, in this room, be made anew. */
  forget(whose: Whose): void {
    this.#epoch += 1
    this.#answers?.forget(whose)
  }

  /**
   * As `forget`, where somebody's role may have become another: their connections are decided again at once, since who
   * only listens sends no next message.
   */
  changed({ user, room }: { readonly user: string; readonly room: string | undefined }): void {
    this.forget({ user, room })
    for (const decideAgain of [...(this.#standing.get(user) ?? [])]) decideAgain(room)
  }

  /** Calls back where the role of somebody may have changed: in that room, or in any. Returns what stops it. */
  onChanged(user: string, decideAgain: (room: string | undefined) => void): () => void {
    const all = this.#standing.get(user) ?? new Set()
    this.#standing.set(user, all.add(decideAgain))
    return () => {
      all.delete(decideAgain)
      if (all.size === 0 && this.#standing.get(user) === all) this.#standing.delete(user)
    }
  }

  /** @throws SynclineError `room-name-invalid` */
  #ruleOf(room: string): RoomRule | undefined {
    return this.#rules.get(room) ?? this.#rules.get(parseRoomName(room).kind)
  }

  #decision(role: Role | undefined, kind: string, create: boolean, until: number): Decision {
    const kindAllowed = this.#roomKinds === undefined || this.#roomKinds.includes(kind)
    return { role, mayCreate: create && kindAllowed && atLeast(role, 'write'), until }
  }
}

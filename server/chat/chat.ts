import type pg from 'pg'
import type { Authorizer } from '../access/authorizer.ts'
import { inboxOf } from '../access/inbox-rule.ts'
import { parseRoomName } from '../access/room-name.ts'
import type { Follower } from '../channels/followers.ts'
import { SynclineError } from '../errors.ts'
import { createRouter } from '../http/router.ts'
import type { RoomId, Seq } from '../log/entry.ts'
import type { Logger } from '../observe/log.ts'
import { CHAT_SIGNAL, READ_SIGNAL } from '../protocol.ts'
import { Feed } from '../storage/feed.ts'
import type { Pulse } from '../storage/pulse.ts'
import { type ChatRouteOptions, chatRoutes } from './chat-routes.ts'
import { CHAT_TYPES, followChat } from './follower.ts'
import { type MemberChange, memberChanges, membersOf, NEWEST_MEMBER_CHANGE } from './members.ts'
import { messageRoutes } from './message-routes.ts'
import { moveReadPosition } from './read-positions.ts'
import { ReadQueue } from './read-queue.ts'
import { CHAT_KIND } from './rule.ts'

/** Changes of members that are older than this when the node starts are in its decisions from the first, in ms. */
const ALREADY_KNOWN = 10 * 60_000

export interface ChatOptions {
  readonly pool: pg.Pool
  readonly authorizer: Pick<Authorizer, 'changed'>
  /** Tells whoever is connected to a room. */
  readonly signal: (room: string, type: string, payload: unknown, actor: string) => void
  /** As `signal`, to those of them who are that person. */
  readonly signalToUser: (room: string, user: string, type: string, payload: unknown) => void
  readonly logger: Logger
}

/** What people say to each other: events of rooms, and what is made of them to be listed, counted and searched. */
export class Chat {
  readonly follower: Follower
  readonly #options: ChatOptions
  readonly #members: Feed<MemberChange>
  readonly #read = new ReadQueue((room, user, seq) => this.#storeRead(room, user, seq))

  constructor(options: ChatOptions) {
    this.#options = options
    const { authorizer } = options
    this.follower = {
      types: CHAT_TYPES,
      follow: async (client, { id }, events) => {
        await followChat(client, id, events)
        return []
      },
      told: ({ id, name }, events) => {
        if (parseRoomName(name).kind === CHAT_KIND) void this.#announce(id, name, (events[0]?.seq ?? 0) - 1)
      },
    }
    const from = Date.now() - ALREADY_KNOWN
    this.#members = new Feed(
      { newest: NEWEST_MEMBER_CHANGE, since: (db, at) => memberChanges(db, Math.max(at, from)) },
      (change) => authorizer.changed(change),
    )
  }

  /** From now on a role in a chat counts on this node within a second. */
  start(pulse: Pulse): Promise<void> {
    return this.#members.start(pulse, this.#options.pool)
  }

  /**
   * Somebody has read a room up to there; others who are there are told, and their own other tabs.
   * @throws SynclineError `room-not-found`
   */
  readonly moveRead = (room: string, user: string, seq: number): Promise<number> =>
    this.#read.move(room, user, seq)

  async #storeRead(room: string, user: string, seq: Seq): Promise<Seq> {
    const { pool, signal } = this.#options
    const now = await moveReadPosition(pool, room, user, seq)
    if (now === undefined) throw new SynclineError('room-not-found')
    if (now.moved) {
      signal(room, READ_SIGNAL, { seq: now.seq }, user)
      this.#tellOf(room, user)
    }
    return now.seq
  }

  routes(options: Omit<ChatRouteOptions, 'db'>) {
    const parts = { ...options, db: this.#options.pool, moveRead: this.moveRead }
    const router = createRouter()
    router.route('/', chatRoutes(parts))
    router.route('/', messageRoutes(parts))
    return router
  }

  /** Tells that person of a chat, and nobody else who may be in their inbox. */
  #tellOf(room: string, user: string): void {
    this.#options.signalToUser(inboxOf(user), user, CHAT_SIGNAL, { room })
  }

  /** Has the lists and the counts of its members read anew, also where they have not opened it. */
  async #announce(room: RoomId, name: string, after: Seq): Promise<void> {
    const { pool, logger } = this.#options
    try {
      for (const user of await membersOf(pool, room, after)) this.#tellOf(name, user)
    } catch (error) {
      // They are told with the next message, and read all anew when they connect.
      logger.info({ err: error, room: name }, 'members of a chat could not be told')
    }
  }
}

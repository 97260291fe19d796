import type { Connection, Document } from '@hocuspocus/server'
import * as Y from 'yjs'
import { checkUpdate, type UpdateShape } from '../documents/check-update.ts'
import type { RoomDocument } from '../documents/room-document.ts'
import { type Sandbox, SandboxDied } from '../documents/sandbox.ts'
import type { Answer, Budget } from '../documents/sandbox-tasks.ts'
import { DOCUMENT } from '../documents/update-limits.ts'
import { harmful } from '../documents/update-reader.ts'
import { weighUpdate } from '../documents/weigh-update.ts'
import { SynclineError } from '../errors.ts'
import type { ClientOwners } from './client-owners.ts'

/** How long all that somebody writes in a room is tried first, after one of their updates did harm there, in ms. */
const SUSPECTED = 10 * 60_000
/** How long nothing heavy is tried for somebody of whom a trial was refused, in ms: a trial takes a second. */
const REFUSED_FOR = 60_000
/** Trials that may wait for their turn, each of another person and with a document and an update in memory. */
const MAX_TRIALS = 16
/** People who are remembered, for the one or the other. */
const MAX_REMEMBERED = 1_000

/** What one update is held against. */
interface Place {
  /** Whence it comes; undefined where it comes over no connection. */
  readonly connection: Connection | undefined
  readonly document: Document
  readonly room: RoomDocument
  readonly owners: ClientOwners
  readonly actor: string
  /** Hears what of this process's time a trial took, in ms, and what time it is (performance.now). */
  readonly spent: ((ms: number, now: number) => void) | undefined
}

/** Decides on each update before it is applied; one that is heavy or strange is tried in another process first. */
export class UpdateAdmission {
  readonly #sandbox: Sandbox
  readonly #maxDocumentBytes: number
  /** People in rooms, while all that they write there is tried. */
  readonly #suspects = new Recent(SUSPECTED)
  /** People, while nothing is tried for them. */
  readonly #refused = new Recent(REFUSED_FOR)
  /** Of people, while anything is tried for them: the last of it. */
  readonly #trials = new Map<string, Promise<unknown>>()

  constructor(sandbox: Sandbox, maxDocumentBytes: number) {
    this.#sandbox = sandbox
    this.#maxDocumentBytes = maxDocumentBytes
  }

  /**
   * What is in the update, once it may be applied. Only the connection's own frames wait for a trial.
   * @throws SynclineError `update-malformed`, `update-refused`, `document-too-large`, `rate-limited`, `shutting-down`
   */
  admit(update: Uint8Array, place: Place): UpdateShape | Promise<UpdateShape> {
    const shape = checkUpdate(update)
    const { connection, document, room, owners, actor } = place
    // Checked all the same: Hocuspocus reads a read-only client's SyncStep2 to see what it lacks.
    if (connection?.readOnly) return shape
    // What only deletes is taken however large the document is, or it could never become smaller.
    if (shape.structs > 0 && !room.fits(shape.bytes, this.#maxDocumentBytes)) {
      throw new SynclineError('document-too-large')
    }
    // What comes over none was written here, under a client id that nobody has.
    const crowd = connection !== undefined && owners.check(connection, shape.runs)
    const heavy = weighUpdate(document, update, shape) === 'heavy'
    const suspected = this.#suspects.has(`${document.name}\0${actor}`)
    return crowd || heavy || suspected ? this.#inTurn(update, shape, place) : shape
  }

  /** An update of this person did harm to the room that nothing had foreseen. */
  suspect(room: string, actor: string): void {
    this.#suspects.add(`${room}\0${actor}`)
  }

  /** After what is tried for the same person: whoever sends over many connections has no more places than anybody else. */
  async #inTurn(update: Uint8Array, shape: UpdateShape, place: Place): Promise<UpdateShape> {
    const { actor } = place
    const before = this.#trials.get(actor) ?? Promise.resolve()
    const trial = before.then(() => this.#try(update, shape, place))
    const ended = trial.catch(() => undefined)
    this.#trials.set(actor, ended)
    try {
      return await trial
    } finally {
      if (this.#trials.get(actor) === ended) this.#trials.delete(actor)
    }
  }

  async #try(update: Uint8Array, shape: UpdateShape, place: Place): Promise<UpdateShape> {
    const { connection, document, actor, spent } = place
    requireOpen(connection, document)
    if (this.#refused.has(actor)) harmful('a heavy edit of yours was refused just now')
    if (this.#sandbox.waiting >= MAX_TRIALS) throw new SynclineError('rate-limited')
    const started = performance.now()
    const state = Y.encodeStateAsUpdate(document)
    const encoded = performance.now()
    spent?.(encoded - started, encoded)
    const { problem } = await this.#perform(state, update, budgetOf(shape))
    if (problem !== undefined) {
      this.#refused.add(actor)
      harmful(problem)
    }
    requireOpen(connection, document)
    return shape
  }

  async #perform(state: Uint8Array, update: Uint8Array, budget: Budget): Promise<Answer> {
    try {
      return await this.#sandbox.run({ kind: 'try', state, update, budget })
    } catch (error) {
      if (error instanceof SandboxDied) return { problem: error.message }
      throw error
    }
  }
}

/** Nothing is to come of what somebody sent who has left, or whose room is being closed. */
function requireOpen(connection: Connection | undefined, document: Document): void {
  const left = connection !== undefined && !document.hasConnection(connection)
  if (document.isDestroyed || left) throw new SynclineError('shutting-down')
}

/** Honest ones take a twentieth of the time to apply. */
const budgetOf = ({ structs, ranges, values }: UpdateShape): Budget => ({
  applyMs: Math.min(DOCUMENT.applyMs, 100 + (structs + ranges + values) / 10),
})

/** Names that are remembered for a while, the latest of them. */
class Recent {
  readonly #for: number
  readonly #until = new Map<string, number>()

  constructor(ms: number) {
    this.#for = ms
  }

  add(name: string): void {
    this.#until.delete(name)
    const [oldest] = this.#until.keys()
    if (this.#until.size >= MAX_REMEMBERED && oldest !== undefined) this.#until.delete(oldest)
    this.#until.set(name, Date.now() + this.#for)
  }

  has(name: string): boolean {
    return this.#until.size > 0 && (this.#until.get(name) ?? 0) > Date.now()
  }
}

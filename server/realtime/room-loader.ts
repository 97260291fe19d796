import { Database } from '@hocuspocus/extension-database'
import type { Document, onLoadDocumentPayload } from '@hocuspocus/server'
import { applyTail, newestSnapshot } from '../documents/load.ts'
import type { Loaded } from '../documents/room-document.ts'
import { Sandbox } from '../documents/sandbox.ts'
import { tryOpening } from '../documents/verify.ts'
import { SynclineError } from '../errors.ts'
import type { Seq } from '../log/entry.ts'
import type { HeldRoom, Log } from '../log/log.ts'
import type { RoomLog } from '../log/room-log.ts'
import type { Logger } from '../observe/log.ts'
import { joinOf } from './join-span.ts'

/** What is read of a room while it is being loaded. */
interface Reading {
  readonly log: RoomLog
  seq: Seq
  bytes: number
  fetched: boolean
}

interface LoadedRoom {
  readonly held: HeldRoom
  readonly loaded: Loaded
}

/** Fills a document from its room's log, or quarantines the room where that cannot be done. */
export class RoomLoader {
  readonly #log: Log
  readonly #logger: Logger
  readonly #reading = new Map<Document, Reading>()
  /** Rooms that broke in memory to what their next load has to wait for: their entries being committed. */
  readonly #broken = new Map<string, Promise<Seq>>()
  readonly #snapshots: Database

  constructor(log: Log, logger: Logger) {
    this.#log = log
    this.#logger = logger
    this.#snapshots = new Database({
      fetch: async (data) => {
        const reading = this.#reading.get((data as onLoadDocumentPayload).document)
        if (reading === undefined) return null
        const { seq, state } = await newestSnapshot(this.#log, reading.log)
        reading.seq = seq
        reading.bytes = state?.length ?? 0
        reading.fetched = true
        return state
      },
    })
  }

  /** The room's document broke: its next load waits until its entries are committed, and is tried elsewhere first. */
  broke(name: string, log: RoomLog): void {
    // That the room has ended meanwhile is for the load itself to find.
    this.#broken.set(
      name,
      log.durable().catch(() => log.head),
    )
  }

  /**
   * found → snapshot and tail; absent → empty, and created; failed → an error. Never empty where loading failed.
   * @throws SynclineError `room-not-found`, `room-quarantined`, `room-damaged`, `rate-limited` where it has to be tried first and cannot be
   */
  async load(data: onLoadDocumentPayload, createBy: string | undefined): Promise<LoadedRoom> {
    const join = joinOf(data.context)
    try {
      return await join.part('join load', () => this.#load(data, createBy))
    } catch (error) {
      join.end(error)
      throw error
    }
  }

  async #load(data: onLoadDocumentPayload, createBy: string | undefined): Promise<LoadedRoom> {
    const { documentName: name } = data
    const broken = this.#broken.get(name)
    await broken
    const held = await this.#log.open(name, createBy)
    if (held === undefined) throw new SynclineError('room-not-found')
    const { room: log, suspect } = held
    log.reopened()
    const ended = this.#log.loading(log.id)
    let decided = false
    try {
      // One that may have ended its process, or broke in memory, is opened elsewhere first.
      if (suspect || broken !== undefined) await tryOpening(this.#log, log, Sandbox.memoryForOpening())
      const loaded = await this.#fill(data, log)
      if (log.ended !== undefined) throw new SynclineError(log.ended)
      this.#broken.delete(name)
      decided = true
      return { held, loaded }
    } catch (error) {
      const damaged = error instanceof SynclineError && error.code === 'room-damaged'
      try {
        // What the database has lost is no damage of the room.
        if (damaged && log.ended === undefined) await this.#log.refresh(log)
      } finally {
        held.release()
      }
      if (log.ended !== undefined) throw new SynclineError(log.ended)
      if (damaged) {
        await this.#quarantine(name, log, error)
        decided = true
      }
      throw error
    } finally {
      ended(decided ? 'decided' : 'undecided')
    }
  }

  async #fill(data: onLoadDocumentPayload, log: RoomLog): Promise<Loaded> {
    const { document } = data
    const reading: Reading = { log, seq: 0, bytes: 0, fetched: false }
    this.#reading.set(document, reading)
    try {
      await this.#snapshots.onLoadDocument(data)
    } catch (cause) {
      if (!reading.fetched) throw cause
      throw new SynclineError('room-damaged', 'its snapshot cannot be opened', { cause })
    } finally {
      this.#reading.delete(document)
    }
    const tail = await applyTail(document, this.#log, log, reading.seq)
    return { unsnapshotted: log.known - reading.seq, bytes: reading.bytes + tail }
  }

  async #quarantine(name: string, log: RoomLog, error: SynclineError): Promise<void> {
    const reason = error.detail ?? error.message
    this.#logger.error(
      { err: error, room: name, reason },
      'a room cannot be opened; it is quarantined, and its log is as it was: see syncline verify --room',
    )
    await this.#log.quarantine(log.id, reason)
  }
}

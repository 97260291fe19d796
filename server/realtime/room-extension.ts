import { Database } from '@hocuspocus/extension-database'
import {
  type beforeSyncPayload,
  type beforeUnloadDocumentPayload,
  type Connection,
  type connectedPayload,
  type Document,
  type Extension,
  isTransactionOrigin,
  type onLoadDocumentPayload,
  type onStatelessPayload,
  type onStoreDocumentPayload,
} from '@hocuspocus/server'
import { checkUpdate, isEmptyUpdate } from '../documents/check-update.ts'
import { applyTail, newestSnapshot } from '../documents/load.ts'
import { RoomDocument } from '../documents/room-document.ts'
import { type Summary, summarise } from '../documents/summary.ts'
import { SynclineError } from '../errors.ts'
import type { Seq } from '../log/entry.ts'
import type { Log } from '../log/log.ts'
import type { RoomLog } from '../log/room-log.ts'
import type { Logger } from '../observe/log.ts'
import { ASK_SEQ, type SavedEnvelope } from '../protocol.ts'
import { widenFlushWindow } from './flush-window.ts'
import { SyncType } from './frames.ts'
import { HeldAcknowledgements, HoldingSocket } from './held-acknowledgements.ts'
import { logRefusal, refuseConnection } from './refusal.ts'

export interface RoomExtensionOptions {
  readonly log: Log
  readonly logger: Logger
  /** The authenticated author behind a connection's context; what the server itself does has none. */
  readonly actorOf: (context: unknown) => string | undefined
  /** Hears how long it took to apply what came over a connection, in ms, and what time it is (performance.now). */
  readonly onApplied?: (connection: Connection, ms: number, now: number) => void
}

/** The actor of what the server does on its own account. */
const SYSTEM = 'system'

/** The reason with which Hocuspocus closes a connection when handling a frame has thrown. */
const UNREADABLE = 'Reset Connection'

/** The part of a room's flush window for which its entries are gathered before they are committed. */
const GATHERED = 1 / 3

interface OpenRoom {
  readonly room: RoomDocument
  readonly acknowledgements: HeldAcknowledgements
  described: Summary | undefined
}

/**
 * The log under Hocuspocus, and the acknowledgement held until the log has it. Snapshots travel through
 * @hocuspocus/extension-database; everything else is here. To be passed through `guard`.
 */
export class RoomExtension implements Extension {
  readonly extensionName = 'syncline'
  /** After whatever authenticates (100 by default): what is loaded depends on who asks. */
  readonly priority = 50
  readonly #log: Log
  readonly #logger: Logger
  readonly #actorOf: RoomExtensionOptions['actorOf']
  readonly #onApplied: RoomExtensionOptions['onApplied']
  /** Weak: a room lives as long as Hocuspocus keeps its document. */
  readonly #rooms = new WeakMap<Document, OpenRoom>()
  readonly #sockets = new WeakMap<Connection, HoldingSocket>()
  readonly #loading = new Map<string, { readonly log: RoomLog; seq: Seq }>()
  readonly #snapshots: Database

  constructor(options: RoomExtensionOptions) {
    this.#log = options.log
    this.#logger = options.logger
    this.#actorOf = options.actorOf
    this.#onApplied = options.onApplied
    this.#snapshots = new Database({
      fetch: async ({ documentName }) => {
        const loading = this.#loading.get(documentName)
        if (loading === undefined) return null
        const { seq, state } = await newestSnapshot(this.#log, loading.log)
        loading.seq = seq
        return state
      },
      store: async ({ document, state }) => {
        // Still the turn in which the state was encoded: what is appended now is exactly what it holds.
        const open = this.#rooms.get(document)
        if (open === undefined) return
        open.room.snapshotTaken()
        const seq = await open.room.log.durable()
        if (open.room.log.interleaved) return // another node's entries stand between; they are not in this state
        await this.#log.saveSnapshot(open.room.log.id, { seq, state })
      },
    })
  }

  /** found → snapshot and tail; absent → empty, and created; failed → an error. Never empty where loading failed. */
  async onLoadDocument(data: onLoadDocumentPayload): Promise<void> {
    const { document, documentName, context, connectionConfig } = data
    try {
      const creator = connectionConfig.readOnly ? undefined : (this.#actorOf(context) ?? SYSTEM)
      const log = await this.#log.open(documentName, creator)
      if (log === undefined) throw new SynclineError('room-not-found')
      const loading = { log, seq: 0 }
      this.#loading.set(documentName, loading)
      await this.#snapshots.onLoadDocument(data)
      await applyTail(document, this.#log, log, loading.seq)
      this.#open(document, log, log.head - loading.seq)
    } catch (error) {
      // Hocuspocus forgets a document that failed to load without destroying it; its awareness has a timer.
      document.destroy()
      throw error
    } finally {
      this.#loading.delete(documentName)
    }
  }

  /**
   * A connection can come while its document is being unloaded; on a document that is gone it must not stay.
   * And one whose frame Hocuspocus could not read it only half closes, without a word in the log.
   */
  async connected({ instance, documentName, connection }: connectedPayload): Promise<void> {
    if (instance.documents.get(documentName) !== connection.document) throw new SynclineError('shutting-down')
    connection.onClose((_document, event) => {
      if (event?.reason !== UNREADABLE) return
      const error = new SynclineError('frame-malformed')
      logRefusal(this.#logger, error, { room: documentName })
      refuseConnection(connection, error)
    })
  }

  /** Runs before the frame is applied and before its acknowledgement, so here the connection's socket is replaced. */
  async beforeSync({ type, payload, connection, document }: beforeSyncPayload): Promise<void> {
    const socket = this.#socketOf(connection, document)
    if (type === SyncType.step1) {
      socket.handling('step1')
      return
    }
    socket.handling(type === SyncType.step2 ? 'step2' : 'update')
    if (isEmptyUpdate(payload)) return
    if (this.#log.full && !connection.readOnly) throw new SynclineError('storage-full')
    // Also where it will not be applied: Hocuspocus reads a read-only client's SyncStep2 to see what it lacks.
    checkUpdate(payload)
  }

  async onStateless({ connection, document, payload }: onStatelessPayload): Promise<void> {
    if (payload !== ASK_SEQ) return
    const open = this.#rooms.get(document)
    if (open === undefined) return
    const saved: SavedEnvelope = { type: 'saved', seq: open.room.log.head }
    connection.sendStateless(JSON.stringify(saved))
  }

  async onStoreDocument(data: onStoreDocumentPayload): Promise<void> {
    const open = this.#rooms.get(data.document)
    if (open === undefined) return
    await open.room.log.durable()
    try {
      if (open.room.snapshotDue(data.document.getConnectionsCount() === 0))
        await this.#snapshots.onStoreDocument(data)
      await this.#describe(data.document, open)
    } catch (error) {
      // Both only repeat what the log has. Hocuspocus would not store again after a failure, nor unload the
      // document: it would stay for ever, and hold up a clean stop.
      this.#logger.warn({ err: error, room: data.documentName }, 'a snapshot could not be written')
    }
  }

  /** Unload waits until all is committed; Hocuspocus looks again afterwards whether anybody has come. */
  async beforeUnloadDocument({ document }: beforeUnloadDocumentPayload): Promise<void> {
    await this.#rooms.get(document)?.room.log.durable()
  }

  #open(document: Document, log: RoomLog, unsnapshotted: number): void {
    const room = new RoomDocument(document, log, unsnapshotted, {
      actorOf: (origin) => this.#actor(origin),
      onGap: (origin) => {
        const connection = connectionOf(origin)
        if (connection !== undefined) this.#sockets.get(connection)?.leftGap()
      },
    })
    widenFlushWindow(document, (window) => {
      log.gather = window * GATHERED
    })
    this.#rooms.set(document, {
      room,
      acknowledgements: new HeldAcknowledgements(log),
      described: undefined,
    })
  }

  /** Asked once an edit is applied, so it must have an answer: an edit without an entry would be lost. */
  #actor(origin: unknown): string {
    try {
      return this.#actorOf(contextOf(origin)) ?? SYSTEM
    } catch (error) {
      this.#logger.error({ err: error }, 'actorOf failed; the entry is the system’s')
      return SYSTEM
    }
  }

  #socketOf(connection: Connection, document: Document): HoldingSocket {
    // What is applied to a document that was unloaded reaches no log, and would be acknowledged at once.
    if (document.isDestroyed) throw new SynclineError('shutting-down')
    const known = this.#sockets.get(connection)
    if (known !== undefined) return known
    const open = this.#rooms.get(document)
    if (open === undefined) throw new SynclineError('shutting-down')
    const onApplied = this.#onApplied
    const outOfStep = () => {
      const error = new SynclineError('update-out-of-order')
      logRefusal(this.#logger, error, { room: document.name })
      refuseConnection(connection, error)
    }
    const socket = new HoldingSocket(
      connection.webSocket,
      open.acknowledgements,
      outOfStep,
      onApplied && ((ms, now) => onApplied(connection, ms, now)),
    )
    connection.webSocket = socket
    this.#sockets.set(connection, socket)
    return socket
  }

  /** Writes what lists show, where it has changed. */
  async #describe(document: Document, open: OpenRoom): Promise<void> {
    const summary = summarise(document)
    const { described } = open
    if (described?.title === summary.title && described.editor === summary.editor) return
    await this.#log.describe(open.room.log.id, summary)
    open.described = summary
  }
}

function connectionOf(origin: unknown): Connection | undefined {
  return isTransactionOrigin(origin) && origin.source === 'connection' ? origin.connection : undefined
}

function contextOf(origin: unknown): unknown {
  if (!isTransactionOrigin(origin)) return undefined
  if (origin.source === 'connection') return origin.connection.context
  return origin.source === 'local' ? origin.context : undefined
}

import type { Database } from '@hocuspocus/extension-database'
import type {
  beforeSyncPayload,
  beforeUnloadDocumentPayload,
  Connection,
  connectedPayload,
  Document,
  Extension,
  Hocuspocus,
  onLoadDocumentPayload,
  onStatelessPayload,
  onStoreDocumentPayload,
} from '@hocuspocus/server'
import * as Y from 'yjs'
import { type ClientRun, isEmptyUpdate } from '../documents/check-update.ts'
import { type Loaded, RoomDocument } from '../documents/room-document.ts'
import { Sandbox } from '../documents/sandbox.ts'
import { type Summary, summarise } from '../documents/summary.ts'
import { SynclineError } from '../errors.ts'
import { type Seq, SYSTEM } from '../log/entry.ts'
import type { Log } from '../log/log.ts'
import type { RoomLog } from '../log/room-log.ts'
import type { Logger } from '../observe/log.ts'
import { ASK_SEQ, type SavedEnvelope } from '../protocol.ts'
import { type Announces, announcedToHocuspocus, ClientOwners } from './client-owners.ts'
import { omitEcho } from './echo.ts'
import { evict, onFault, reportFault } from './faults.ts'
import { paceOf, widenFlushWindow } from './flush-window.ts'
import { SyncType } from './frames.ts'
import { HeldAcknowledgements, HoldingSocket, type Written } from './held-acknowledgements.ts'
import { NewClients } from './new-clients.ts'
import { connectionOf, contextOf, incomingOf } from './origin.ts'
import { followOtherNodes, isOfOtherNodes, reportGap } from './other-nodes.ts'
import { logRefusal, refuseConnection } from './refusal.ts'
import { RoomLoader } from './room-loader.ts'
import type { RoomWatch } from './room-watch.ts'
import { snapshotStore } from './snapshot-store.ts'
import { Turn } from './turn.ts'
import { UpdateAdmission } from './update-admission.ts'

export interface RoomExtensionOptions {
  readonly log: Log
  readonly logger: Logger
  /** The authenticated author behind a connection's context; what the server itself does has none. */
  readonly actorOf: (context: unknown) => string | undefined
  /** Hears how long it took to apply what came over a connection, in ms, and what time it is (performance.now). */
  readonly onApplied?: (connection: Connection, ms: number, now: number) => void
  /** Whose an awareness id is; as Hocuspocus has it, where nothing else handles awareness. */
  readonly announces?: Announces
  /** What a document may take when it is encoded. */
  readonly maxDocumentBytes: number
  readonly watch?: RoomWatch
}

/** The reason with which Hocuspocus closes a connection when handling a frame has thrown. */
const UNREADABLE = 'Reset Connection'

/** Why a document is not what its log makes: see `RoomDocument.intact`. */
const UNFINISHED = 'a transaction has not ended'

interface OpenRoom {
  readonly room: RoomDocument
  readonly acknowledgements: HeldAcknowledgements
  readonly owners: ClientOwners
  described: Summary | undefined
  /** The document is being encoded to be stored. */
  encoding: boolean
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
  readonly #options: RoomExtensionOptions
  /** Weak: a room lives as long as Hocuspocus keeps its document. */
  readonly #rooms = new WeakMap<Document, OpenRoom>()
  readonly #sockets = new WeakMap<Connection, HoldingSocket>()
  readonly #turn = new Turn()
  readonly #snapshots: Database
  readonly #admission: UpdateAdmission
  readonly #newClients = new NewClients()
  readonly #loader: RoomLoader
  readonly #sandbox: Sandbox

  constructor(options: RoomExtensionOptions) {
    this.#log = options.log
    this.#logger = options.logger
    this.#options = options
    this.#loader = new RoomLoader(options.log, options.logger)
    this.#sandbox = new Sandbox({ memory: Sandbox.memoryFor(options.maxDocumentBytes) })
    this.#admission = new UpdateAdmission(this.#sandbox, options.maxDocumentBytes)
    this.#snapshots = snapshotStore(options.log, (document) => {
      const open = this.#rooms.get(document)
      if (open !== undefined) open.encoding = false
      return open?.room
    })
  }

  async onLoadDocument(data: onLoadDocumentPayload): Promise<void> {
    const { document, instance, context, connectionConfig } = data
    try {
      const creator = connectionConfig.readOnly ? undefined : this.#actor(context)
      const { held, loaded } = await this.#loader.load(data, creator)
      document.once('destroy', held.release)
      const { unsnapshotted, bytes } = loaded
      // Entries take more than what they make: where it matters, it is measured.
      const exact = bytes > this.#options.maxDocumentBytes ? Y.encodeStateAsUpdate(document).length : bytes
      this.#open(instance, document, held.room, { unsnapshotted, bytes: exact })
    } catch (error) {
      // Hocuspocus forgets a document that failed to load without destroying it; its awareness has a timer.
      document.destroy()
      throw error
    }
  }

  /**
   * Resolves once an edit that comes over no connection may be applied, in the same turn.
   * @throws SynclineError whatever refuses one that comes over a connection
   */
  async admit(document: Document, context: unknown, update: Uint8Array): Promise<void> {
    const open = this.#inService(document)
    this.#log.requireSpace(open.room.log)
    const by = { connection: undefined, actor: this.#actor(context), spent: undefined }
    await this.#admission.admit(update, { ...open, ...by, document })
  }

  /** Resolves when all that the document holds now, these runs at least, is committed, with the seq of the last of it. */
  async committed(document: Document, runs: readonly ClientRun[]): Promise<Seq> {
    const { room } = this.#inService(document)
    if (this.#isWhole(document, room, runs)) return room.log.durable()
    throw new SynclineError('internal')
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
      logRefusal(this.#logger, error, { room: documentName, user: this.#actor(connection.context) })
      refuseConnection(connection, error)
    })
  }

  /** Runs before the frame is applied and before its acknowledgement, so here the connection's socket is replaced. */
  async beforeSync({ type, payload, connection, document }: beforeSyncPayload): Promise<void> {
    const since = performance.now()
    await this.#turn.over()
    const { socket, open } = this.#join(connection, document)
    const kind = type === SyncType.step1 ? 'step1' : type === SyncType.step2 ? 'step2' : 'update'
    if (kind === 'step1' || isEmptyUpdate(payload)) {
      socket.handling({ kind, update: payload, runs: [], since })
      return
    }
    if (!connection.readOnly) this.#log.requireSpace(open.room.log)
    const actor = this.#actor(connection.context)
    const { onApplied } = this.#options
    const spent = onApplied && ((ms: number, now: number) => onApplied(connection, ms, now))
    const { runs } = await this.#admission.admit(payload, { ...open, connection, document, actor, spent })
    socket.handling({ kind, update: payload, runs, since })
  }

  /** The log of a document that is open. */
  logOf(document: Document): RoomLog | undefined {
    return document.isDestroyed ? undefined : this.#rooms.get(document)?.room.log
  }

  async onStateless({ connection, document, payload }: onStatelessPayload): Promise<void> {
    if (payload !== ASK_SEQ) return
    const open = this.#rooms.get(document)
    const saved: SavedEnvelope | undefined = open && { type: 'saved', seq: open.room.log.head }
    if (saved !== undefined) connection.sendStateless(JSON.stringify(saved))
  }

  async onStoreDocument(data: onStoreDocumentPayload): Promise<void> {
    const open = this.#rooms.get(data.document)
    if (open === undefined || !(await open.room.log.settled())) return
    // It may have been taken out of service meanwhile.
    if (data.document.isDestroyed) return
    if (!open.room.intact) {
      this.#fault(data.instance, data.document, new Error(UNFINISHED))
      return
    }
    try {
      if (open.room.snapshotDue(data.document.getConnectionsCount() === 0)) {
        open.encoding = true
        await this.#snapshots.onStoreDocument(data)
      }
      await this.#describe(data.document, open)
    } catch (error) {
      if (open.room.log.ended !== undefined) return
      if (open.encoding) {
        this.#fault(data.instance, data.document, error)
        return
      }
      // Both only repeat what the log has. Hocuspocus would not store again after a failure, nor unload the
      // document: it would stay for ever, and hold up a clean stop.
      this.#logger.warn({ err: error, room: data.documentName }, 'a snapshot could not be written')
    }
  }

  /** Unload waits until all is committed; Hocuspocus looks again afterwards whether anybody has come. */
  async beforeUnloadDocument({ instance, document }: beforeUnloadDocumentPayload): Promise<void> {
    const open = this.#rooms.get(document)
    if (open !== undefined) await open.room.log.settled()
    // Hocuspocus would forget whatever goes by that name now: the document that took an evicted one's place.
    if (instance.documents.get(document.name) !== document) throw new SynclineError('shutting-down')
  }

  async onDestroy(): Promise<void> {
    this.#sandbox.close()
  }

  /**
   * The document in memory is not what its log makes, or cannot be encoded. Nothing of it is acknowledged any
   * more; it is loaded anew from the log, which is tried elsewhere first, and whoever is there comes back.
   */
  #fault(instance: Hocuspocus, document: Document, cause: unknown): void {
    const open = this.#rooms.get(document)
    if (open === undefined) return
    this.#logger.error({ err: cause, room: document.name }, 'a document has broken; it is loaded anew')
    this.#loader.broke(document.name, open.room.log)
    this.#evict(instance, document, new SynclineError('internal'))
  }

  #evict(instance: Hocuspocus, document: Document, error: SynclineError): void {
    this.#rooms.delete(document)
    evict(instance, document, error).catch((err: unknown) => {
      this.#logger.error({ err, room: document.name }, 'a hook failed')
    })
  }

  #open(instance: Hocuspocus, document: Document, log: RoomLog, loaded: Loaded): void {
    const socketOf = (origin: unknown): HoldingSocket | undefined => {
      const connection = connectionOf(origin)
      return connection && this.#sockets.get(connection)
    }
    const room = new RoomDocument(document, log, loaded, {
      isLogged: isOfOtherNodes,
      actorOf: (origin) => this.#actor(contextOf(origin)),
      incomingOf: (origin) => socketOf(origin)?.incoming ?? incomingOf(origin),
      onGap: (origin) => {
        reportGap(document, origin)
        socketOf(origin)?.leftGap()
      },
    })
    const unfollowed = followOtherNodes(document, log, this.#log, this.#logger, this.#options.watch)
    const stopped = log.onEnd((end) => this.#evict(instance, document, new SynclineError(end)))
    omitEcho(document)
    widenFlushWindow(document, (window, connections) => {
      log.pace = paceOf(window, connections)
    })
    const acknowledgements = new HeldAcknowledgements(log, this.#options.watch)
    // The room may stay open for its events, and must not keep a document that has gone.
    document.once('destroy', () => {
      stopped()
      unfollowed()
      acknowledgements.stop()
      log.pace = 'at once'
    })
    this.#rooms.set(document, {
      room,
      acknowledgements,
      owners: new ClientOwners(document, {
        actorOf: ({ context }) => this.#actor(context),
        announces: this.#options.announces ?? announcedToHocuspocus,
        newClients: this.#newClients,
      }),
      described: undefined,
      encoding: false,
    })
    onFault(document, (cause) => this.#fault(instance, document, cause))
  }

  /** Whether the document is what its log makes of it, now that a frame was handled. */
  #sound(connection: Connection, document: Document, open: OpenRoom, sent: Written): boolean {
    if (document.isDestroyed) return false
    const { room, owners } = open
    const whole = this.#isWhole(document, room, sent.runs)
    if (whole) owners.wrote(connection, sent)
    else if (!room.reached(sent.runs)) this.#admission.suspect(document.name, this.#actor(connection.context))
    return whole
  }

  #isWhole(document: Document, room: RoomDocument, runs: readonly ClientRun[]): boolean {
    const reached = room.reached(runs)
    if (reached && room.intact) return true
    reportFault(document, new Error(reached ? UNFINISHED : 'an edit was applied in part'))
    return false
  }

  /** What is applied to a document that was unloaded reaches no log, and would be acknowledged at once. */
  #inService(document: Document): OpenRoom {
    const open = document.isDestroyed ? undefined : this.#rooms.get(document)
    if (open === undefined) throw new SynclineError('shutting-down')
    if (open.room.log.ended !== undefined) throw new SynclineError(open.room.log.ended)
    return open
  }

  /** Asked once an edit is applied, and an edit without an entry would be lost. For others' programs an id may be a number. */
  #actor(context: unknown): string {
    try {
      return String(this.#options.actorOf(context) ?? SYSTEM)
    } catch (error) {
      this.#logger.error({ err: error }, 'actorOf failed; the entry is the system’s')
      return SYSTEM
    }
  }

  #join(connection: Connection, document: Document): { socket: HoldingSocket; open: OpenRoom } {
    const open = this.#inService(document)
    const known = this.#sockets.get(connection)
    if (known !== undefined) return { socket: known, open }
    const { onApplied } = this.#options
    const socket = new HoldingSocket(connection.webSocket, open.acknowledgements, {
      sound: (sent) => this.#sound(connection, document, open, sent),
      holds: (update) => open.room.holds(update),
      outOfStep: () => {
        const error = new SynclineError('update-out-of-order')
        logRefusal(this.#logger, error, { room: document.name, user: this.#actor(connection.context) })
        refuseConnection(connection, error)
      },
      applied: onApplied && ((ms, now) => onApplied(connection, ms, now)),
    })
    connection.webSocket = socket
    connection.onClose(() => socket.closed())
    this.#sockets.set(connection, socket)
    return { socket, open }
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

import type { IncomingMessage, RequestListener } from 'node:http'
import { join } from 'node:path'
import { openAccess } from './access/access.ts'
import { createAuditLog } from './access/audit.ts'
import { INBOX_KIND, inboxRule } from './access/inbox-rule.ts'
import { People } from './access/people.ts'
import { Tickets } from './access/tickets.ts'
import { createAdministration } from './administration.ts'
import { analyticsRules } from './analytics/rules.ts'
import { withApplicationKinds } from './channels/application.ts'
import { Channels } from './channels/channels.ts'
import { entryRoutes } from './channels/entry-routes.ts'
import { kindRoutes } from './channels/kind-routes.ts'
import { BUILT_IN } from './channels/kinds/built-in.ts'
import { Registry } from './channels/registry.ts'
import { eventRoutes } from './channels/routes.ts'
import { CHAT_KIND, chatRule } from './chat/rule.ts'
import { joinCluster } from './cluster/cluster.ts'
import type { Config } from './config.ts'
import { createContents } from './contents.ts'
import { SynclineError } from './errors.ts'
import { createFeatures, followedTypes } from './features.ts'
import { History } from './history/history.ts'
import { Housekeeping } from './housekeeping.ts'
import { clientAddress, trustedList } from './http/address.ts'
import { carriesToken } from './http/bearer.ts'
import { Cursors } from './http/cursors.ts'
import { type Health, healthOf } from './http/health.ts'
import { createHttp } from './http/http.ts'
import { corsOrigin, originAllowed } from './http/origin.ts'
import { readiness } from './http/readiness.ts'
import { RequestLimit } from './http/request-limit.ts'
import { followDeletions } from './log/deletions.ts'
import { createRoomDirectory } from './log/directory.ts'
import { HeadWatch } from './log/head-watch.ts'
import type { Unsaved } from './log/held-rooms.ts'
import { Log } from './log/log.ts'
import { Measured } from './measured.ts'
import type { Logger } from './observe/log.ts'
import { PACKAGE_ROOT, VERSION } from './package.ts'
import { PeoplePresence } from './presence/people-presence.ts'
import { Authorization, identityOf, mayAsk } from './realtime/authorization.ts'
import { Connections } from './realtime/connections.ts'
import { Gateway } from './realtime/gateway.ts'
import { moveAll, RESTARTS } from './realtime/handover.ts'
import { createHocuspocus } from './realtime/hocuspocus.ts'
import { editorOf } from './realtime/origin.ts'
import { Presence } from './realtime/presence.ts'
import { RoomEvents } from './realtime/room-events.ts'
import { RoomExtension } from './realtime/room-extension.ts'
import { ServerEdits } from './realtime/server-edits.ts'
import { sessionOf } from './realtime/session.ts'
import { Signals } from './realtime/signals.ts'
import { Visits } from './realtime/visits.ts'
import { openDatabase } from './storage/database.ts'
import { Heartbeat } from './storage/heartbeat.ts'
import { openPulses } from './storage/pulses.ts'
import type { EmbedOptions } from './webhooks/hooks.ts'
import { within } from './within.ts'

const STUDIO_DIR = join(PACKAGE_ROOT, 'dist/studio')

/** How long it may take to write, at the end, when everybody was last seen, in ms. */
const LAST_SEEN = 1_000
/** How long a part whose work nobody waits for any more may take to end, in ms: a database that stands still holds up no other. */
const LET_GO = 3_000
/** Publishes events as that person, in order; resolves when they are committed. Creates the room where it is absent. */
export type Publish = Channels['publishAs']

/** The server without an address of its own. */
export interface Parts {
  readonly publish: Publish
  /** What `/metrics` tells. */
  metrics(): Promise<string>
  /** What `/health/ready` answers. */
  health(): Health
  /** Its lines name this node. */
  readonly logger: Logger
  readonly listener: RequestListener
  readonly gateway: Gateway
  /** Begins what is done beside the requests; call it when these can arrive. */
  start(): void
  /** Is not ready any more, lets nobody in, and moves who is here to other nodes, over `config.drainWithin`. */
  drain(): Promise<void>
  /** Takes nothing any more and commits what was taken; returns what could not be committed: nothing, as a rule. */
  stop(): Promise<readonly Unsaved[]>
  /** Ends all that was begun, the last first: once the last request is answered, or where none has ever arrived. */
  end(): Promise<void>
}

/** Puts the server together: the only place that knows every part. Where that fails, nothing of it is left. */
export async function assemble(
  config: Config,
  processLogger: Logger,
  { hooks = {} }: EmbedOptions = {},
): Promise<Parts> {
  // Whatever is begun here puts its end on it at once; where a later part cannot begin, what did begin ends.
  await using begun = new AsyncDisposableStack()
  const kinds = await withApplicationKinds(BUILT_IN, config.configFile)
  const registry = new Registry(kinds, followedTypes(kinds))
  const measured = await Measured.open(config, kinds, processLogger)
  begun.defer(() => measured.stop())
  const { node, logger, traces } = measured
  const database = await openDatabase(config.storage, logger)
  begun.defer(() => database.close())
  const log = new Log(database, logger, config.maxQueueBytes, measured.batch)
  begun.defer(() => unlessLate(log.abandon()))
  const history = new History(database, logger, 'refused', measured.job)
  log.onOpen((room) => history.watch(room))
  log.onGoneBack(() => void history.forget())
  const cluster = config.redis && (await joinCluster(config.redis, { node, db: database.pool, log, logger }))
  begun.defer(() => cluster?.stop())
  const pulses = openPulses(database, logger)
  begun.defer(() => unlessLate(pulses.stop()))
  database.life.show()
  const heartbeat = new Heartbeat(database.pool, () => pulses.work.heard)
  begun.defer(() => heartbeat.stop())
  const { limits } = config
  const rules = { [INBOX_KIND]: inboxRule, [CHAT_KIND]: chatRule(database.pool), ...analyticsRules }
  const access = await openAccess(config, rules, database.pool, pulses.access, logger)
  const { verify, authorizer, revocations } = access
  const people = new People(database.pool)
  const connections = new Connections(limits, revocations, cluster?.bus)
  revocations.onRevoked((revocation) => connections.revoke(revocation))
  const requestLimit = new RequestLimit(limits.requestsPerAddress, cluster?.bus)
  const proxies = trustedList(config.trustedProxies)
  const addressOf = (request: IncomingMessage) => clientAddress(request, proxies)
  const mayAskNow = ({ context }: { readonly context: unknown }) => mayAsk(context)
  const peoplePresence = new PeoplePresence(database.pool, logger, cluster?.bus)
  const { attendance } = peoplePresence
  const presence = new Presence({ logger, identityOf, mayAsk: mayAskNow, attendance, bus: cluster?.bus })
  const rooms = new RoomExtension({
    log,
    logger,
    actorOf: (context) => identityOf(context)?.user ?? editorOf(context),
    maxDocumentBytes: config.maxDocumentBytes,
    announces: (document, connection, client) => presence.announces(document, connection, client),
    onApplied: ({ context }, ms, now) => sessionOf(context)?.applied(ms, now),
    watch: measured.realtime,
  })
  begun.defer(() => rooms.onDestroy())
  const channels = new Channels(log, registry)
  const signals = new Signals(cluster?.bus)
  const cursors = await Cursors.of(database.pool)
  const features = await createFeatures({
    database,
    channels,
    signals,
    people,
    cursors,
    mayChat: config.roomKinds?.includes(CHAT_KIND) ?? true,
    webhooks: config.webhooks,
    hooks,
    pulses,
    systemSample: () => measured.systemSample(),
    logger,
    ...access,
  })
  begun.defer(() => unlessLate(features.close()))
  const events = new RoomEvents({
    channels,
    signals,
    logger,
    moveRead: features.moveRead,
    logOf: (document) => rooms.logOf(document),
  })
  const { hocuspocus, allUnloaded } = createHocuspocus(
    logger,
    [
      new Authorization({
        verify,
        authorizer,
        logger,
        traces,
        ensureRoom: (name, createBy) => log.ensure(name, createBy),
        rememberWriter: (identity) => people.remember(identity),
      }),
      rooms,
      events,
    ],
    limits,
  )
  const contents = createContents({
    database,
    log,
    history,
    edits: new ServerEdits(hocuspocus, rooms),
    people,
    charge: (identity, bytes) => connections.charge(identity, bytes),
    ...access,
  })
  begun.defer(() => contents.close())
  let stopping = false
  const deletions = followDeletions(({ room, erased }) => {
    log.deleted(room)
    if (erased) void history.forget(room)
  })
  await deletions.start(pulses.access, database.pool)
  const heads = new HeadWatch(log, logger)
  const tickets = new Tickets(database.pool)
  const administration = createAdministration({
    config,
    database,
    log,
    registry: channels.registry,
    history,
    tickets,
    cursors,
    logger,
    ...access,
  })
  const ready = () => readiness(log, heartbeat, cluster?.bus, stopping)
  const visits = new Visits({ authorizer, connections, logger })
  const http = createHttp({
    rooms: createRoomDirectory(database.pool),
    cursors,
    more: [
      ...contents.routes,
      eventRoutes({
        channels,
        people,
        tickets,
        admit: (visitor) => visits.admit(visitor),
        addressOf,
        charge: (request, count) => requestLimit.charge(addressOf(request), count),
        ...access,
      }),
      entryRoutes({ log, registry: channels.registry, people, ...access }),
      kindRoutes(registry, verify),
      ...peoplePresence.routes(access),
      ...administration.routes,
      ...features.routes,
      measured.routes(config.metricsToken),
    ],
    readiness: ready,
    watch: measured.requests(proxies),
    ...access,
    audit: createAuditLog(database.pool),
    requestLimit,
    addressOf,
    developmentSecret: config.tokens.mode === 'development' ? config.tokens.secret : undefined,
    allowedOrigins: config.allowedOrigins,
    studioDir: STUDIO_DIR,
    version: VERSION,
    logger,
  })
  const housekeeping = [
    {
      ...administration.tasks.short,
      ...contents.tasks,
      'people of rooms': (signal: AbortSignal) => peoplePresence.forget(signal),
      ...features.tasks,
    },
    administration.tasks.long,
  ].map((tasks) => new Housekeeping(logger, tasks))
  const gateway = new Gateway({
    hocuspocus,
    logger,
    maxFrameBytes: config.maxFrameBytes,
    limits,
    connections,
    addressOf,
    presence,
    mayAsk: mayAskNow,
    committed: async (document) => rooms.logOf(document)?.settled(),
    corsOrigin: (origin) => corsOrigin(origin, config.allowedOrigins),
    refuseUpgrade: (request) => {
      const { headers, url = '' } = request
      if (!originAllowed(headers, config.allowedOrigins)) return new SynclineError('origin-refused')
      if (carriesToken(url))
        return new SynclineError('request-invalid', 'a token must not stand in an address')
      return requestLimit.refusal(addressOf(request))
    },
  })
  begun.defer(() => gateway.end())
  measured.watch({
    log,
    maxQueueBytes: config.maxQueueBytes,
    pool: database.pool,
    connections,
    visits,
    sessionsOverHttp: () => gateway.sessionsOverHttp,
    documents: () => hocuspocus.documents.size,
    followers: features.followers,
    bus: cluster?.bus,
    readiness: ready,
  })
  const ended = begun.move()
  return {
    logger,
    listener: (request, response) => {
      if (!gateway.request(request, response)) http.listener(request, response)
    },
    gateway,
    publish: (user, room, drafts) => channels.publishAs(user, room, drafts),
    metrics: () => measured.text(),
    health: () => healthOf(ready()),
    start: () => {
      for (const chain of housekeeping) chain.start()
      features.start()
      heads.start()
      peoplePresence.start()
    },
    drain: () => {
      stopping = true
      gateway.drain()
      return moveAll(connections, config.drainWithin, logger)
    },
    stop: async () => {
      gateway.closeAll(RESTARTS, 'shutting-down')
      const seen = peoplePresence.stop()
      await within(
        config.stopWithin,
        Promise.all([
          ...housekeeping.map((chain) => chain.close()),
          pulses.stop(),
          // What is published from here is committed, too.
          Promise.all([features.silence(), allUnloaded()]).then(() => log.close()),
        ]),
      )
      heads.stop()
      await within(LAST_SEEN, seen)
      return log.unsaved()
    },
    end: () => ended.disposeAsync(),
  }
}

async function unlessLate(ending: Promise<unknown>): Promise<void> {
  await within(LET_GO, ending)
}

import { randomBytes } from 'node:crypto'
import type { BlockList } from 'node:net'
import type pg from 'pg'
import type { NodeId } from './bus.ts'
import { countQueued } from './channels/event-queue.ts'
import type { Followers } from './channels/followers.ts'
import type { Kind } from './channels/kind.ts'
import type { Config } from './config.ts'
import { ERRORS, isFault } from './errors.ts'
import type { WatchJob } from './history/workers/worker-pool.ts'
import { isSentBy, LOOPBACK } from './http/address.ts'
import type { Readiness } from './http/health.ts'
import { metricsRoutes } from './http/metrics.ts'
import type { RequestWatch } from './http/request-watch.ts'
import type { Router } from './http/router.ts'
import type { WatchBatch } from './log/committer.ts'
import type { Log } from './log/log.ts'
import type { RoomLog } from './log/room-log.ts'
import { countQuarantined } from './log/rooms.ts'
import { EventLoopDelay } from './observe/event-loop.ts'
import { Latency } from './observe/latency.ts'
import { type Logger, nodeLogger, onRefusal } from './observe/log.ts'
import { Metrics } from './observe/metrics.ts'
import { openTraces } from './observe/open-traces.ts'
import { measureProcess } from './observe/process.ts'
import type { Sketch } from './observe/sketch.ts'
import type { Traces } from './observe/traces.ts'
import { VERSION } from './package.ts'
import { Remembered } from './storage/remembered.ts'
import { readBacklog } from './webhooks/backlog.ts'

/** Of this node, or in a count what happened since it was asked for last; latencies in ms, as what can be merged. */
export type SystemMeasure =
  | { readonly name: string; readonly value: number }
  | { readonly name: string; readonly sketch: Sketch }

/** What is asked when somebody looks. */
export interface MeasuredParts {
  readonly log: Log
  readonly maxQueueBytes: number
  readonly pool: pg.Pool
  readonly connections: { readonly size: number; readonly people: number }
  readonly sessionsOverHttp: () => number
  readonly visits: { readonly size: number }
  readonly documents: () => number
  readonly followers: Pick<Followers, 'failing'>
  /** Undefined where there is no Redis. */
  readonly bus: { readonly connected: boolean } | undefined
  readonly readiness: () => Readiness
}

/** How many entries of a queue are counted, at most: it may have a million. */
const MOST_QUEUED = 10_000
/** How long what the database was asked is remembered, in ms; that a room is quarantined is told a minute later. */
const QUEUE_KEPT = 5_000
const ROOMS_KEPT = 60_000

/** What a server measures of itself: for Prometheus, for traces and for its own analytics. */
export class Measured {
  /** 32 random hexadecimal digits. */
  readonly node: NodeId
  /** Its lines name the node. */
  readonly logger: Logger
  readonly traces: Traces
  readonly #metrics: Metrics
  readonly #stopProcess: () => void
  readonly #loopDelay = new EventLoopDelay()
  readonly #sampledDelay = this.#loopDelay.teller()
  readonly #commits: Latency
  readonly #acknowledgements: Latency
  readonly #openRooms = new Map<string, number>()
  #held = 0
  #jobs = 0
  /** Since the start; numbers, since what counts each edit should cost nothing. */
  readonly #counts = { edits: 0, events: 0, refusals: 0, errors: 0 }
  #bytes = 0
  /** As they were when they were asked for last. */
  #sampled = { ...this.#counts }
  #parts: MeasuredParts | undefined

  private constructor(node: NodeId, logger: Logger, traces: Traces, kinds: readonly string[]) {
    this.node = node
    this.logger = logger
    this.traces = traces
    const metrics = new Metrics({ codes: Object.keys(ERRORS), kinds, versions: [VERSION] })
    this.#metrics = metrics
    this.#stopProcess = measureProcess(metrics, this.#loopDelay)
    metrics.ask('syncline_build_info', () => ({ [VERSION]: 1 }))
    this.#commits = new Latency((s) => metrics.observe('syncline_commit_duration_seconds', s))
    this.#acknowledgements = new Latency((s) =>
      metrics.observe('syncline_acknowledgement_duration_seconds', s),
    )
    onRefusal(logger, (code) => this.#refused(code))
  }

  /** @param kinds of rooms that the server knows; all others are measured as one */
  static async open(
    { traces: endpoint, roomKinds = ['doc'] }: Pick<Config, 'traces' | 'roomKinds'>,
    kinds: readonly Kind[],
    processLogger: Logger,
  ): Promise<Measured> {
    const node = randomBytes(16).toString('hex')
    const logger = nodeLogger(processLogger, node.slice(0, 8))
    const about = { 'service.instance.id': node, 'service.version': VERSION }
    const traces = await openTraces(endpoint, about, logger)
    return new Measured(node, logger, traces, [...kinds.map(({ name }) => name), ...roomKinds])
  }

  /** Goes around each batch of the log. */
  readonly batch: WatchBatch = (batch, commit) => {
    const entries = batch.reduce((sum, part) => sum + part.entries.length, 0)
    return this.traces.span(
      'commit',
      { 'syncline.rooms': batch.length, 'syncline.entries': entries },
      async () => {
        const started = performance.now()
        const outcome = await commit()
        if (outcome.kind === 'committed') this.#commits.took(performance.now() - started)
        return outcome
      },
      null,
    )
  }

  /** Goes around each job of history. */
  readonly job: WatchJob = (job, run) =>
    this.traces.span(`history ${job}`, {}, async () => {
      const started = performance.now()
      this.#jobs += 1
      try {
        return await run()
      } finally {
        this.#jobs -= 1
        this.#metrics.observe('syncline_history_job_duration_seconds', (performance.now() - started) / 1000, {
          job,
        })
      }
    })

  /** What documents tell of. */
  readonly realtime = {
    held: (change: number): void => {
      this.#held += change
    },
    acknowledged: (ms: number): void => this.#acknowledgements.took(ms),
    lagged: (ms: number): void => this.#metrics.observe('syncline_relay_lag_seconds', ms / 1000),
  }

  /** @param proxies whose traces are gone on with, and those of this machine */
  requests(proxies: BlockList): RequestWatch {
    return {
      traces: this.traces,
      continues: (request) => isSentBy(request, proxies) || isSentBy(request, LOOPBACK),
      answered: (method, status, ms) => {
        this.#metrics.observe('syncline_http_request_duration_seconds', ms / 1000)
        this.#metrics.add('syncline_http_requests_total', 1, {
          method,
          status: `${Math.floor(status / 100)}xx`,
        })
      },
    }
  }

  /** Has these asked from now on. */
  watch(parts: MeasuredParts): void {
    this.#parts = parts
    const { log, maxQueueBytes, pool, connections, visits, bus, followers, readiness } = parts
    log.onOpen((room, name) => this.#watchRoom(room, name))
    const metrics = this.#metrics
    metrics.ask('syncline_connections', () => {
      const http = parts.sessionsOverHttp()
      return { websocket: connections.size - http - visits.size, http, 'event-stream': visits.size }
    })
    metrics.ask('syncline_people_online', () => connections.people)
    metrics.ask('syncline_rooms_open', () => Object.fromEntries(this.#openRooms))
    metrics.ask('syncline_documents_open', () => parts.documents())
    metrics.ask('syncline_edits_committed_total', () => this.#counts.edits)
    metrics.ask('syncline_events_committed_total', () => this.#counts.events)
    metrics.ask('syncline_committed_bytes_total', () => this.#bytes)
    metrics.ask('syncline_acknowledgements_held', () => this.#held)
    metrics.ask('syncline_log_queue_entries', () => log.state.entries)
    metrics.ask('syncline_log_queue_bytes', () => log.state.bytes)
    metrics.ask('syncline_log_queue_limit_bytes', () => maxQueueBytes)
    metrics.ask('syncline_log_queue_oldest_seconds', () => log.state.oldest / 1000)
    metrics.ask('syncline_log_lanes', () => ({ ...log.state.lanes }))
    metrics.ask('syncline_log_stalled_rooms', () => log.state.stalled)
    const queued = new Remembered(QUEUE_KEPT, () => countQueued(pool, MOST_QUEUED))
    metrics.ask('syncline_event_queue_entries', () => queued.get())
    const quarantined = new Remembered(ROOMS_KEPT, () => countQuarantined(pool))
    metrics.ask('syncline_rooms_quarantined', () => quarantined.get())
    const backlog = new Remembered(QUEUE_KEPT, () => readBacklog(pool, MOST_QUEUED))
    metrics.ask('syncline_webhook_deliveries_waiting', async () => (await backlog.get())?.waiting)
    metrics.ask('syncline_webhook_oldest_due_seconds', async () => {
      const { oldestDue } = (await backlog.get()) ?? {}
      return oldestDue && oldestDue / 1000
    })
    metrics.ask('syncline_webhooks_failing', async () => (await backlog.get())?.failing)
    metrics.ask('syncline_followers_failing_rooms', () => followers.failing)
    metrics.ask('syncline_history_jobs', () => this.#jobs)
    metrics.ask('syncline_redis_connected', () => bus && Number(bus.connected))
    metrics.ask('syncline_postgres_pool_connections', () => ({
      used: pool.totalCount - pool.idleCount,
      idle: pool.idleCount,
    }))
    metrics.ask('syncline_postgres_pool_waiting', () => pool.waitingCount)
    metrics.ask('syncline_ready', () => Number(readiness().ready))
    metrics.ask('syncline_health_problems', () => {
      const { problems, degraded } = readiness()
      return Object.fromEntries([...problems, ...degraded].map((code) => [code, 1]))
    })
  }

  routes(token: string | undefined): Router {
    const { contentType } = this.#metrics
    return metricsRoutes({ token, contentType, text: () => this.text() })
  }

  /** All of docs/METRICS.md, in Prometheus' text format. */
  text(): Promise<string> {
    return this.#metrics.text()
  }

  /** What there is now, and what has happened since this was called last: for whoever calls it now and then, and for nobody else. */
  systemSample(): readonly SystemMeasure[] {
    const { connections, log } = this.#parts ?? {}
    const before = this.#sampled
    this.#sampled = { ...this.#counts }
    const { edits, events, refusals, errors } = this.#sampled
    return [
      { name: 'connections', value: connections?.size ?? 0 },
      { name: 'people', value: connections?.people ?? 0 },
      { name: 'rooms.open', value: log?.openRooms().length ?? 0 },
      { name: 'acknowledgements.held', value: this.#held },
      { name: 'memory.bytes', value: process.memoryUsage.rss() },
      { name: 'event-loop.delay.ms', value: this.#sampledDelay().p99 },
      { name: 'edits', value: edits - before.edits },
      { name: 'events', value: events - before.events },
      { name: 'refusals', value: refusals - before.refusals },
      { name: 'errors', value: errors - before.errors },
      { name: 'commit.ms', sketch: this.#commits.take() },
      { name: 'acknowledgement.ms', sketch: this.#acknowledgements.take() },
    ]
  }

  async stop(): Promise<void> {
    this.#stopProcess()
    this.#loopDelay.stop()
    await this.traces.stop()
  }

  #watchRoom(room: RoomLog, name: string): void {
    const kind = name.slice(0, name.indexOf(':'))
    const opened = (change: number) => {
      const open = (this.#openRooms.get(kind) ?? 0) + change
      if (open > 0) this.#openRooms.set(kind, open)
      else this.#openRooms.delete(kind)
    }
    opened(1)
    room.onClose(() => opened(-1))
    room.onCommit(({ entries }) => {
      for (const { event, bytes } of entries) {
        this.#counts[event === undefined ? 'edits' : 'events'] += 1
        this.#bytes += bytes.length
      }
    })
    room.follow({ next: () => undefined, missed: () => this.#metrics.add('syncline_resyncs_total') })
  }

  #refused(code: string): void {
    this.#metrics.add('syncline_refusals_total', 1, { code })
    this.#counts.refusals += 1
    if (isFault(code)) this.#counts.errors += 1
  }
}

/** What labels may say that only the server knows which is started. */
export interface Vocabulary {
  /** Of the catalogue of refusals. */
  readonly codes: readonly string[]
  /** Of rooms: the built-in ones, and the application's. */
  readonly kinds: readonly string[]
  readonly versions: readonly string[]
}

/** What the values of a label may be. Whatever else comes is `other`. */
type LabelValues = readonly string[] | keyof Vocabulary

export interface Definition {
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  readonly labels?: Readonly<Record<string, LabelValues>>
  /** Upper bounds, in the metric's unit. */
  readonly buckets?: readonly number[]
}

/** In seconds: from a commit on a fast disk to what nobody waits for. */
const LATENCY = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const
const JOB = [0.005, 0.025, 0.1, 0.25, 1, 2.5, 10, 30, 60] as const
const PAUSE = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1] as const

/** How clients are connected. */
const TRANSPORTS = ['websocket', 'http', 'event-stream'] as const
/** Of what garbage collections there are. */
export const COLLECTIONS = ['minor', 'major', 'incremental', 'weak'] as const
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const
const JOBS = ['compare', 'index', 'content', 'seqAt', 'entryOf'] as const

/**
 * Everything that a node tells of itself at `/metrics`; docs/METRICS.md is held equal to it. What is counted is of this
 * node since it started, unless it says otherwise. No label has a value that somebody outside chose.
 */
export const METRICS = {
  syncline_connections: {
    type: 'gauge',
    help: 'Clients that are connected, by how',
    labels: { transport: TRANSPORTS },
  },
  syncline_people_online: { type: 'gauge', help: 'Different people who are connected to this node' },
  syncline_rooms_open: {
    type: 'gauge',
    help: 'Rooms that are open for edits or events, by kind',
    labels: { kind: 'kinds' },
  },
  syncline_documents_open: { type: 'gauge', help: 'Documents that are held in memory' },
  syncline_edits_committed_total: { type: 'counter', help: 'Edits that this node has committed' },
  syncline_events_committed_total: { type: 'counter', help: 'Events that this node has committed' },
  syncline_committed_bytes_total: { type: 'counter', help: 'Bytes of the edits and events committed' },
  syncline_commit_duration_seconds: {
    type: 'histogram',
    help: 'From sending a batch of entries to the database until it is committed',
    buckets: LATENCY,
  },
  syncline_acknowledgement_duration_seconds: {
    type: 'histogram',
    help: 'From taking a message of edits out of its queue until it is acknowledged as saved',
    buckets: LATENCY,
  },
  syncline_acknowledgements_held: {
    type: 'gauge',
    help: 'Acknowledgements that wait for their edits to be committed',
  },
  syncline_log_queue_entries: { type: 'gauge', help: 'Entries that wait to be committed' },
  syncline_log_queue_bytes: { type: 'gauge', help: 'What these take in memory' },
  syncline_log_queue_limit_bytes: { type: 'gauge', help: 'MAX_QUEUE_BYTES: past it edits are refused' },
  syncline_log_queue_oldest_seconds: {
    type: 'gauge',
    help: 'How long nothing was committed although something waits',
  },
  syncline_log_lanes: {
    type: 'gauge',
    help: 'Connections that commit, by whether they do',
    labels: { state: ['busy', 'idle'] },
  },
  syncline_log_stalled_rooms: { type: 'gauge', help: 'Rooms whose entries the database rejects; they wait' },
  syncline_event_queue_entries: {
    type: 'gauge',
    help: 'Events that wait for what is made of them (messages, notifications), of all nodes; counted up to 10000',
  },
  syncline_followers_failing_rooms: {
    type: 'gauge',
    help: 'Rooms whose events could not be followed, and are tried again',
  },
  syncline_webhook_deliveries_waiting: {
    type: 'gauge',
    help: 'Messages that wait for webhooks that are on, their next tries included, of all nodes; counted up to 10000',
  },
  syncline_webhook_oldest_due_seconds: {
    type: 'gauge',
    help: 'How long the message that is due longest has waited for somebody to send it, of all nodes',
  },
  syncline_webhooks_failing: {
    type: 'gauge',
    help: 'Webhooks that have taken nothing since a try failed, those switched off for it included, of all nodes; an application’s hooks are one',
  },
  syncline_history_jobs: { type: 'gauge', help: 'Questions of the past that wait or are worked on' },
  syncline_history_job_duration_seconds: {
    type: 'histogram',
    help: 'From asking for a job of history until its answer, waiting included',
    labels: { job: JOBS },
    buckets: JOB,
  },
  syncline_relay_lag_seconds: {
    type: 'histogram',
    help: 'From when another node took an edit until it is applied here, by the clocks of both',
    buckets: LATENCY,
  },
  syncline_redis_connected: {
    type: 'gauge',
    help: 'Whether messages go to other nodes and come back; absent without REDIS_URL',
  },
  syncline_resyncs_total: {
    type: 'counter',
    help: 'Rooms that were read on from the database because something of other nodes had not arrived',
  },
  syncline_refusals_total: {
    type: 'counter',
    help: 'What was refused, by the code of docs/ERRORS.md',
    labels: { code: 'codes' },
  },
  syncline_rooms_quarantined: {
    type: 'gauge',
    help: 'Rooms that cannot be opened, of all nodes; asked once a minute',
  },
  syncline_http_requests_total: {
    type: 'counter',
    help: 'HTTP requests answered, but for sessions over HTTP, health and metrics',
    labels: { method: METHODS, status: ['1xx', '2xx', '3xx', '4xx', '5xx'] },
  },
  syncline_http_request_duration_seconds: {
    type: 'histogram',
    help: 'From such a request until its answer begins',
    buckets: LATENCY,
  },
  syncline_event_loop_delay_seconds: {
    type: 'gauge',
    help: 'How late the event loop was since it was last asked; looked at five times a second, so that what holds it up for less than 200 ms is seen now and then',
    labels: { quantile: ['0.5', '0.99', '1'] },
  },
  syncline_memory_bytes: {
    type: 'gauge',
    help: 'Memory of the process',
    labels: { part: ['rss', 'heap_used', 'heap_total', 'external', 'array_buffers'] },
  },
  syncline_cpu_seconds_total: { type: 'counter', help: 'Time of processors that the process has taken' },
  syncline_gc_duration_seconds: {
    type: 'histogram',
    help: 'Pauses for the garbage collector',
    labels: { collection: COLLECTIONS },
    buckets: PAUSE,
  },
  syncline_postgres_pool_connections: {
    type: 'gauge',
    help: 'Connections of the pool that all but commits go through',
    labels: { state: ['used', 'idle'] },
  },
  syncline_postgres_pool_waiting: { type: 'gauge', help: 'Questions that wait for a connection of the pool' },
  syncline_ready: { type: 'gauge', help: 'Whether /health/ready says that edits can be saved' },
  syncline_health_problems: {
    type: 'gauge',
    help: 'What /health/ready says is wrong, what only makes it slower included',
    labels: { code: 'codes' },
  },
  syncline_build_info: { type: 'gauge', help: 'Always 1', labels: { version: 'versions' } },
  syncline_start_time_seconds: { type: 'gauge', help: 'When the process started, since 1970' },
} as const satisfies Readonly<Record<`syncline_${string}`, Definition>>

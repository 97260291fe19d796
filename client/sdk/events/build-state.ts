import type { Fold } from './folded.ts'
import type { EventOf, EventPayloads } from './payloads.ts'

export type BuildStatus =
  /** Nothing is known of it yet. */
  'unknown' | 'created' | 'queued' | 'running' | 'completed' | 'failed' | 'cancelled'

/** `stopped`: the build ended in the middle of it. */
export type StepState = 'waiting' | 'running' | 'done' | 'failed' | 'skipped' | 'stopped'

export interface BuildStep {
  readonly id: string
  readonly title: string
  readonly state: StepState
  readonly message: string | undefined
  /** Milliseconds since the epoch, as all times here. */
  readonly startedAt: number | undefined
  readonly endedAt: number | undefined
}

/** What a build is, as far as its events say. Replaced, never changed. */
export interface BuildState {
  readonly status: BuildStatus
  readonly created: EventPayloads['build.created'] | undefined
  /** Who created it, or else who published its first event. */
  readonly actor: string | undefined
  /** Builds before it in the queue. */
  readonly position: number | undefined
  readonly worker: string | undefined
  /** 0 to 1. */
  readonly share: number
  readonly message: string | undefined
  readonly steps: readonly BuildStep[]
  readonly createdAt: number | undefined
  readonly startedAt: number | undefined
  readonly endedAt: number | undefined
  /** In milliseconds: as its last event says, or else from its start to its end; undefined while it runs. */
  readonly duration: number | undefined
  /** The number of the last line of its log. */
  readonly lines: number
  readonly warnings: number | undefined
  readonly artifacts: NonNullable<EventPayloads['build.completed']['artifacts']>
  readonly failure: EventPayloads['build.failed'] | undefined
  /** Why it was cancelled. */
  readonly reason: string | undefined
  /** Of the last event that was taken in; 0 before the first. */
  readonly seq: number
}

export const NO_BUILD: BuildState = {
  status: 'unknown',
  created: undefined,
  actor: undefined,
  position: undefined,
  worker: undefined,
  share: 0,
  message: undefined,
  steps: [],
  createdAt: undefined,
  startedAt: undefined,
  endedAt: undefined,
  duration: undefined,
  lines: 0,
  warnings: undefined,
  artifacts: [],
  failure: undefined,
  reason: undefined,
  seq: 0,
}

/** How many steps are in each state. */
export const countSteps = (steps: readonly BuildStep[]): Readonly<Record<StepState, number>> => {
  const counts = { waiting: 0, running: 0, done: 0, failed: 0, skipped: 0, stopped: 0 }
  for (const { state } of steps) counts[state] += 1
  return counts
}

export const hasEnded = ({ status }: BuildState): boolean =>
  status === 'completed' || status === 'failed' || status === 'cancelled'

/** The build after these events, which follow those that made `state`. */
export const foldBuild = (state: BuildState, events: readonly EventOf[]): BuildState =>
  events.reduce((before, event) => {
    const after = step(before, event)
    return after === before ? before : { ...after, actor: before.actor ?? event.actor, seq: event.seq }
  }, state)

/** A build, for `folded` and `useFolded`. */
export const BUILD: Fold<BuildState> = { empty: NO_BUILD, fold: foldBuild }

function step(state: BuildState, event: EventOf): BuildState {
  switch (event.type) {
    case 'build.created':
      return {
        ...state,
        status: state.status === 'unknown' ? 'created' : state.status,
        created: event.payload,
        actor: event.actor,
        createdAt: event.at,
        steps: declared(event.payload.steps ?? [], state.steps),
      }
    case 'build.queued':
      return { ...again(state), status: 'queued', position: event.payload.position }
    case 'build.started':
      return {
        ...again(state),
        status: 'running',
        worker: event.payload.worker,
        position: undefined,
        startedAt: event.at,
      }
    case 'build.progress':
      return progress(state, event)
    case 'build.log':
      return {
        ...state,
        lines: Math.max(state.lines, event.payload.first + event.payload.lines.length - 1),
      }
    case 'build.completed':
      return {
        ...ended(state, event, 'done'),
        status: 'completed',
        share: 1,
        artifacts: event.payload.artifacts ?? [],
        warnings: event.payload.warnings,
      }
    case 'build.failed':
      return { ...failed(state, event), status: 'failed', failure: event.payload }
    case 'build.cancelled':
      return { ...ended(state, event, 'stopped'), status: 'cancelled', reason: event.payload.reason }
    default:
      return state
  }
}

/** A build that had ended and is queued or started once more begins anew; its log goes on. */
function again(state: BuildState): BuildState {
  if (!hasEnded(state)) return state
  const { created, actor, createdAt, lines, seq } = state
  return { ...NO_BUILD, created, actor, createdAt, lines, seq, steps: declared(created?.steps ?? [], []) }
}

function declared(
  steps: readonly { readonly id: string; readonly title: string }[],
  known: readonly BuildStep[],
): readonly BuildStep[] {
  const named = steps.map(({ id, title }) => ({
    ...(known.find((step) => step.id === id) ?? waiting(id)),
    title,
  }))
  return [...named, ...known.filter(({ id }) => steps.every((step) => step.id !== id))]
}

const waiting = (id: string): BuildStep => ({
  id,
  title: id,
  state: 'waiting',
  message: undefined,
  startedAt: undefined,
  endedAt: undefined,
})

function progress(state: BuildState, { payload, at }: EventOf<'build.progress'>): BuildState {
  // What was still on its way when the build ended does not set it running again.
  if (hasEnded(state)) return state
  const running: BuildState = {
    ...state,
    status: 'running',
    startedAt: state.startedAt ?? at,
    share: payload.share,
    message: payload.message ?? state.message,
  }
  if (payload.step === undefined) return running
  const before = state.steps.find(({ id }) => id === payload.step) ?? waiting(payload.step)
  const begun = before.state === 'waiting' || before.state === 'running'
  const now = payload.state ?? (begun ? 'running' : before.state)
  const after: BuildStep = {
    ...before,
    state: now,
    message: payload.message ?? before.message,
    startedAt: before.startedAt ?? (now === 'skipped' ? undefined : at),
    endedAt: now === 'running' ? undefined : (before.endedAt ?? at),
  }
  const steps = state.steps.includes(before)
    ? state.steps.map((other) => (other === before ? after : other))
    : [...state.steps, after]
  return { ...running, steps }
}

type Ending = EventOf<'build.completed' | 'build.failed' | 'build.cancelled'>

function ended(state: BuildState, event: Ending, running: StepState): BuildState {
  const said = 'duration' in event.payload ? event.payload.duration : undefined
  return {
    ...state,
    endedAt: event.at,
    duration: said ?? (state.startedAt === undefined ? undefined : event.at - state.startedAt),
    steps: state.steps.map((step) =>
      step.state === 'running' ? { ...step, state: running, endedAt: event.at } : step,
    ),
  }
}

/** The step that failed is the one that is named, or the only one that was running. */
function failed(state: BuildState, event: EventOf<'build.failed'>): BuildState {
  const running = state.steps.filter((step) => step.state === 'running')
  const at = event.payload.step ?? (running.length === 1 ? running[0]?.id : undefined)
  const steps = state.steps.map((step) =>
    step.id === at ? { ...step, state: 'failed' as const, endedAt: step.endedAt ?? event.at } : step,
  )
  return ended({ ...state, steps }, event, 'stopped')
}

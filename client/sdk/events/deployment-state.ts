import type { Fold } from './folded.ts'
import type { EventOf, EventPayloads } from './payloads.ts'

/** What a deployment is, as far as its events say. Replaced, never changed. */
export interface DeploymentState {
  readonly status: 'unknown' | 'running' | 'completed' | 'failed'
  readonly started: EventPayloads['deployment.started'] | undefined
  readonly actor: string | undefined
  /** 0 to 1. */
  readonly share: number
  readonly message: string | undefined
  /** Where it can be seen once it is completed. */
  readonly url: string | undefined
  /** Milliseconds since the epoch. */
  readonly startedAt: number | undefined
  readonly endedAt: number | undefined
  /** In milliseconds; undefined while it runs. */
  readonly duration: number | undefined
  readonly failure: EventPayloads['deployment.failed'] | undefined
  /** Of the last event that was taken in; 0 before the first. */
  readonly seq: number
}

export const NO_DEPLOYMENT: DeploymentState = {
  status: 'unknown',
  started: undefined,
  actor: undefined,
  share: 0,
  message: undefined,
  url: undefined,
  startedAt: undefined,
  endedAt: undefined,
  duration: undefined,
  failure: undefined,
  seq: 0,
}

/** The deployment after these events, which follow those that made `state`. */
export const foldDeployment = (state: DeploymentState, events: readonly EventOf[]): DeploymentState =>
  events.reduce(step, state)

/** A deployment, for `folded` and `useFolded`. */
export const DEPLOYMENT: Fold<DeploymentState> = { empty: NO_DEPLOYMENT, fold: foldDeployment }

function step(state: DeploymentState, event: EventOf): DeploymentState {
  const { seq, at, actor } = event
  switch (event.type) {
    case 'deployment.started':
      return { ...NO_DEPLOYMENT, status: 'running', started: event.payload, actor, startedAt: at, seq }
    case 'deployment.progress': {
      if (state.status === 'completed' || state.status === 'failed') return state
      const { share, message } = event.payload
      return {
        ...state,
        status: 'running',
        startedAt: state.startedAt ?? at,
        share,
        message: message ?? state.message,
        seq,
      }
    }
    case 'deployment.completed': {
      const { url, duration } = event.payload
      return { ...ended(state, at, duration), status: 'completed', share: 1, url, seq }
    }
    case 'deployment.failed':
      return { ...ended(state, at, undefined), status: 'failed', failure: event.payload, seq }
    default:
      return state
  }
}

const ended = (state: DeploymentState, at: number, duration: number | undefined): DeploymentState => ({
  ...state,
  endedAt: at,
  duration: duration ?? (state.startedAt === undefined ? undefined : at - state.startedAt),
})

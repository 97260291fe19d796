import { NO_OPEN_SPAN, type OpenSpan } from '../observe/traces.ts'

/** What joining a room takes, from its token to the first answer; in the context of the connection that it becomes. */
export interface JoinContext {
  readonly join?: OpenSpan
}

export const joinOf = (context: unknown): OpenSpan =>
  typeof context === 'object' && context !== null && 'join' in context
    ? ((context as JoinContext).join ?? NO_OPEN_SPAN)
    : NO_OPEN_SPAN

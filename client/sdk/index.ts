/** The public entry `syncline/client`. */
export {
  type Activity,
  type ActivityGroup,
  type DayOf,
  groupActivities,
  type Participant,
} from '../../server/activity/groups.ts'
export type { ErrorCode } from '../../server/errors.ts'
/** What travels, for whoever writes a client of their own. */
export type {
  AckEnvelope,
  Device,
  EventDraft,
  EventsEnvelope,
  MetricPoint,
  MetricSeries,
  PersonStatus,
  PresenceStatus,
  PublishEnvelope,
  ReadEnvelope,
  ResetEnvelope,
  ResumedEnvelope,
  ResumeEnvelope,
  ResumingEnvelope,
  Role,
  RoomEvent,
  Signal,
  SignalEnvelope,
  SignalledEnvelope,
} from '../../server/protocol.ts'
export { ActivityFeed, type ActivityFilter, type ActivityState } from './activity/feed.ts'
export type { Summary, SummaryQuery } from './activity/summary.ts'
export {
  type Alert,
  type AlertRule,
  Analytics,
  type Labels,
  type Metrics,
  type MetricsListener,
  type MetricsQuery,
  type TrackingState,
  type WatchedMetrics,
} from './analytics/analytics.ts'
export { LiveMetrics, type LiveMetricsState } from './analytics/live-metrics.ts'
export type { Api } from './api.ts'
export { Chat, type ChatState, chatOf, type MessageDraft, type ShownMessage } from './chat/chat.ts'
export {
  type ChatMember,
  type ChatSummary,
  Chats,
  chatsOf,
  type FoundMessage,
  type Unread,
} from './chat/chats.ts'
export {
  type ChatMessage,
  foldMessages,
  type MessageLink,
  type Messages,
  NO_MESSAGES,
} from './chat/messages.ts'
export type { Answered, Refetched } from './chat/refetched.ts'
export { Client, type ConnectOptions, type RoomOptions } from './client.ts'
export { colorFor, isColor, PALETTE } from './color.ts'
export { anchorOf } from './comments/anchor.ts'
export { flatText } from './comments/flat-text.ts'
export { type Place, resolveAnchors } from './comments/resolve.ts'
export { type NewComment, Threads, type ThreadsView, threadsOf, type Unsent } from './comments/threads.ts'
export {
  type Anchor,
  foldThreads,
  NO_THREADS,
  THREAD_EVENTS,
  THREADS,
  type Thread,
  type ThreadComment,
  type ThreadsState,
} from './comments/threads-state.ts'
export { connect } from './connect.ts'
export type { SocketClass } from './counted-socket.ts'
export { BuildLog, type BuildLogOptions, buildLog, type LogStream } from './events/build-log.ts'
export {
  BUILD,
  type BuildState,
  type BuildStatus,
  type BuildStep,
  countSteps,
  foldBuild,
  hasEnded,
  NO_BUILD,
  type StepState,
} from './events/build-state.ts'
export {
  COMMENTS,
  type Comment,
  type Comments,
  foldComments,
  NO_COMMENTS,
} from './events/comments-state.ts'
export {
  DEPLOYMENT,
  type DeploymentState,
  foldDeployment,
  NO_DEPLOYMENT,
} from './events/deployment-state.ts'
export { type Fold, Folded, folded, type Told } from './events/folded.ts'
export {
  BUILD_LOG,
  foldLog,
  type LogLine,
  type LogLines,
  linesOf,
  NO_LINES,
  searchLines,
} from './events/log-lines.ts'
export type { Outcome, PublishOptions, Receipt, RefusedEvent, Waiting } from './events/outbox-store.ts'
// All of it, as an application adds to its `EventPayloads`, which TypeScript merges through no other form of export.
export * from './events/payloads.ts'
export type { UnsentListener } from './events/room-events.ts'
export type { EventListener, EventStart } from './events/stream.ts'
export { foldTasks, NO_TASKS, TASKS, type Task, type Tasks } from './events/tasks-state.ts'
export { groupNotifications, type NotificationGroup } from './notifications/groups.ts'
export { Inbox, type InboxFilter, type InboxView, inboxOf } from './notifications/inbox.ts'
export {
  EMPTY_INBOX,
  foldInbox,
  type InboxState,
  type Notification,
  type NotificationPreferences,
} from './notifications/inbox-state.ts'
export { Room } from './room.ts'
export type { SharedList } from './shared-list.ts'
export type { SharedMap } from './shared-map.ts'
export type { SignalListener } from './signals.ts'
export type {
  ClientState,
  ConnectionStatus,
  Person,
  Refusal,
  RoomState,
  RoomStatus,
  SaveState,
  User,
} from './state.ts'
export type { Statuses } from './statuses.ts'
export type { TokenContext, TokenSource } from './tokens.ts'
export type { Transport } from './way.ts'

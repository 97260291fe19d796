/** The public entry `syncline/react`. */
export { SynclineProvider, type SynclineProviderProps, useClient } from './provider.ts'
export { RealtimeStatus, type RealtimeStatusName, type RealtimeStatusProps } from './realtime-status.ts'
export {
  type ShownActivity,
  type ShownSummary,
  useActivity,
  useActivitySummary,
} from './use-activity.ts'
export { useBuild, useBuildLog } from './use-build.ts'
export { useChat, useChats, useUnread } from './use-chat.ts'
export { useDeployment } from './use-deployment.ts'
export { type UseEventsOptions, useEvents, useRealtimeUpdates } from './use-events.ts'
export { useFolded, useTold } from './use-folded.ts'
export { type ShownMetrics, useMetrics } from './use-metrics.ts'
export { type UseNotifications, useNotificationPreferences, useNotifications } from './use-notifications.ts'
export { usePeopleStatus } from './use-people-status.ts'
export { usePresence, useTyping } from './use-presence.ts'
export { useComments, useTasks } from './use-project.ts'
export { useRoom } from './use-room.ts'
export { type RoomPeople, type RoomPerson, useRoomPeople } from './use-room-people.ts'
export { type Saved, useSaved } from './use-saved.ts'
export { useSharedList, useSharedMap } from './use-shared.ts'
export { useClientStatus, useRoomState, useStatus } from './use-status.ts'
export { useThreads } from './use-threads.ts'

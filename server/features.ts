import type { Authorizer } from './access/authorizer.ts'
import type { People } from './access/people.ts'
import type { Revocations } from './access/revocations.ts'
import type { Verify } from './access/verifier.ts'
import { createActivity } from './activity/activity.ts'
import { ActivityFollower } from './activity/follower.ts'
import { activityTypes } from './activity/types.ts'
import { createAnalytics } from './analytics/analytics.ts'
import type { SystemMeasure } from './analytics/own-measures.ts'
import type { Channels } from './channels/channels.ts'
import { Followers } from './channels/followers.ts'
import type { Kind } from './channels/kind.ts'
import { Chat } from './chat/chat.ts'
import { CHAT_TYPES } from './chat/follower.ts'
import type { WebhookConfig } from './config/webhooks.ts'
import type { Tasks } from './housekeeping.ts'
import type { Cursors } from './http/cursors.ts'
import type { Router } from './http/router.ts'
import {
  createNotifications,
  NOTIFICATION_FOLLOWERS,
  TELLING_FOLLOWERS,
} from './notifications/notifications.ts'
import type { Logger } from './observe/log.ts'
import type { Signals } from './realtime/signals.ts'
import type { Database } from './storage/database.ts'
import type { Pulses } from './storage/pulses.ts'
import type { Hooks } from './webhooks/hooks.ts'
import { createWebhooks } from './webhooks/webhooks.ts'

/** The types of events of which a feature makes something. */
export const followedTypes = (kinds: readonly Kind[]): readonly string[] => [
  ...CHAT_TYPES,
  ...[new ActivityFollower(activityTypes(kinds)), ...NOTIFICATION_FOLLOWERS, ...TELLING_FOLLOWERS].flatMap(
    ({ types }) => types,
  ),
]

export interface FeatureOptions {
  readonly database: Database
  readonly authorizer: Authorizer
  readonly revocations: Revocations
  readonly verify: Verify
  readonly channels: Channels
  readonly signals: Signals
  readonly people: People
  readonly cursors: Cursors
  /** Whether people may make chats. */
  readonly mayChat: boolean
  readonly webhooks: WebhookConfig
  /** Of the application in whose process this is. */
  readonly hooks: Hooks<object>
  /** What this node has measured of itself since it was asked last. */
  readonly systemSample: () => readonly SystemMeasure[]
  /** For what takes access away, and for work. */
  readonly pulses: Pulses
  readonly logger: Logger
}

/** What is built on events, each part by itself: chat, activity, notifications, analytics and webhooks. */
export interface Features {
  /** Somebody has read a room up to there. @throws SynclineError `room-not-found` */
  readonly moveRead: (room: string, user: string, seq: number) => Promise<number>
  readonly routes: readonly Router[]
  readonly followers: Pick<Followers, 'failing'>
  /** To be done now and then, by name. */
  readonly tasks: Tasks
  start(): void
  /** Resolves when nothing is published from here any more. */
  silence(): Promise<void>
  /** Resolves when nothing is done any more; after `silence`, where anything was started. */
  close(): Promise<void>
}

export async function createFeatures({ mayChat, database, ...options }: FeatureOptions): Promise<Features> {
  const { channels, signals, pulses, logger, authorizer } = options
  const { pool } = database
  const types = activityTypes(channels.registry.kinds)
  const chat = new Chat({
    pool,
    authorizer,
    signal: (...said) => signals.send(...said),
    signalToUser: (...said) => signals.sendToUser(...said),
    logger,
  })
  const activity = createActivity({ pool, types, ...options })
  const telling = new Followers(database, channels, TELLING_FOLLOWERS, logger, 'telling_queue')
  const following = [chat.follower, new ActivityFollower(types), ...NOTIFICATION_FOLLOWERS, telling.handedOn]
  const followers = new Followers(database, channels, following, logger)
  const notifications = createNotifications({ pool, followers, ...options })
  const analytics = await createAnalytics({ pool, ...options })
  const { registry } = channels
  const webhooks = await createWebhooks({ ...options, database, registry, config: options.webhooks })
  // The last of what can fail: nothing else is begun here.
  await chat.start(pulses.access)
  return {
    moveRead: chat.moveRead,
    followers: {
      get failing() {
        return followers.failing + telling.failing
      },
    },
    routes: [
      chat.routes({ followers, mayCreate: mayChat, ...options }),
      activity.routes,
      notifications.routes,
      analytics.routes,
      webhooks.routes,
    ],
    tasks: {
      'old digests': () => notifications.digests.forgetOld(),
      'old metrics': (signal) => analytics.forgetOld(signal),
      'old deliveries': (signal) => webhooks.forgetOld(signal),
    },
    start: () => {
      followers.start(pulses.work)
      telling.start(pulses.work)
      activity.watch.start()
      activity.copies.start(pulses.work)
      notifications.digests.start(pulses.work)
      analytics.start(pulses.work)
      webhooks.start(pulses.work)
    },
    silence: async () => {
      await Promise.all([
        notifications.digests.close(),
        activity.copies.close(),
        followers.close(),
        telling.close(),
        analytics.silence(),
      ])
    },
    close: async () => {
      activity.watch.stop()
      await Promise.all([analytics.close(), followers.close(), telling.close(), webhooks.close()])
    },
  }
}

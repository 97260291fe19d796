import type pg from 'pg'
import type { Verify } from '../access/verifier.ts'
import type { Channels } from '../channels/channels.ts'
import type { EntryOptions } from '../channels/entry.ts'
import type { Followers } from '../channels/followers.ts'
import type { Router } from '../http/router.ts'
import type { Logger } from '../observe/log.ts'
import { Digests } from './digests.ts'
import { inboxFollower } from './inbox-follower.ts'
import { notifier } from './notifier.ts'
import { projectMembers } from './project-members.ts'
import { notificationRoutes } from './routes.ts'

/** What is made of events: who is told of projects, and inboxes. */
export const NOTIFICATION_FOLLOWERS = [projectMembers, inboxFollower] as const

/** Who is told of events in inboxes, which are other rooms. */
export const TELLING_FOLLOWERS = [notifier] as const

export interface Notifications {
  readonly routes: Router
  readonly digests: Digests
}

export interface NotificationOptions extends EntryOptions {
  readonly pool: pg.Pool
  readonly channels: Channels
  readonly followers: Pick<Followers, 'caughtUp'>
  readonly verify: Verify
  readonly logger: Logger
}

export function createNotifications({ logger, ...options }: NotificationOptions): Notifications {
  return {
    routes: notificationRoutes(options),
    digests: new Digests(options.pool, options.channels, logger),
  }
}

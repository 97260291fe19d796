import type { Verify } from '../access/verifier.ts'
import type { EntryOptions } from '../channels/entry.ts'
import { Activities, type ActivitiesOptions } from './activities.ts'
import { activityRoutes } from './routes.ts'
import { ActivityWatch, type ActivityWatchOptions } from './watch.ts'

type Options = ActivitiesOptions & ActivityWatchOptions & EntryOptions & { readonly verify: Verify }

/** The activity of projects: its routes, and what tells of what is new. Its follower is made before there is a database. */
export function createActivity(options: Options) {
  return {
    routes: activityRoutes({ ...options, activities: new Activities(options) }),
    watch: new ActivityWatch(options),
  }
}

import type { Verify } from '../access/verifier.ts'
import type { EntryOptions } from '../channels/entry.ts'
import { Activities, type ActivitiesOptions } from './activities.ts'
import { LinkCopies, type LinkCopiesOptions } from './link-copies.ts'
import { activityRoutes } from './routes.ts'
import { ActivityWatch, type ActivityWatchOptions } from './watch.ts'

type Options = Omit<ActivitiesOptions & ActivityWatchOptions, 'db'> &
  LinkCopiesOptions &
  EntryOptions & { readonly verify: Verify }

/** The activity of projects: its routes, what tells of what is new, and what brings large rooms into it. Its follower is made before there is a database. */
export function createActivity(given: Options) {
  const options = { ...given, db: given.pool }
  return {
    routes: activityRoutes({ ...options, activities: new Activities(options) }),
    watch: new ActivityWatch(options),
    copies: new LinkCopies(options),
  }
}

import type { Access } from './access/access.ts'
import { compareRoutes } from './history/compare/routes.ts'
import type { History } from './history/history.ts'
import { overviewRoutes } from './history/overview-routes.ts'
import { NodeTurns } from './history/restore/node-turns.ts'
import { Restores } from './history/restore/restores.ts'
import { RoomTurns } from './history/restore/turns.ts'
import { historyRoutes } from './history/routes.ts'
import { type WriteRouteOptions, writeRoutes } from './history/write/routes.ts'
import { Writes } from './history/write/writes.ts'
import type { Tasks } from './housekeeping.ts'
import type { Router } from './http/router.ts'
import type { Log } from './log/log.ts'
import type { ServerEdits } from './realtime/server-edits.ts'
import type { Database } from './storage/database.ts'

export interface ContentsOptions extends Access, Pick<WriteRouteOptions, 'people' | 'charge'> {
  readonly database: Database
  readonly log: Pick<Log, 'ensure'>
  readonly history: History
  readonly edits: ServerEdits
}

/** What documents say and have said, over HTTP: read, compared, restored and written. */
export interface Contents {
  readonly routes: readonly Router[]
  /** To be done now and then, by name. */
  readonly tasks: Tasks
  close(): Promise<void>
}

export function createContents({
  database,
  log,
  history,
  edits,
  people,
  charge,
  ...access
}: ContentsOptions): Contents {
  const turns = new RoomTurns()
  const nodes = new NodeTurns({ databaseUrl: database.url })
  const restores = new Restores({
    turns,
    nodes,
    plan: (room, ask, signal) => history.planRestore(room, ask, signal),
    remember: (room, plan) => history.rememberRestore(room, plan),
    apply: (room, user, edit) => edits.apply(room, user, edit),
    keepVersion: (room, user, seq) => history.keepVersion(room, seq, 'restore', user),
  })
  const writes = new Writes({
    database,
    turns,
    nodes,
    ensure: (room, user) => log.ensure(room, user),
    apply: (room, user, edit) => edits.apply(room, user, edit),
  })
  return {
    routes: [
      historyRoutes({ history, ...access }),
      overviewRoutes({ history, ...access }),
      compareRoutes({ history, restores, ...access }),
      writeRoutes({ writes, people, charge, ...access }),
    ],
    tasks: { 'keys of writes': () => writes.forgetOld() },
    close: async () => {
      await Promise.all([history.close(), writes.close(), nodes.close()])
    },
  }
}

import { type Act, type AuditEntry, recordAct } from './access/audit.ts'
import type { Authorizer } from './access/authorizer.ts'
import type { Revocations } from './access/revocations.ts'
import { deleteTickets, type Tickets } from './access/tickets.ts'
import type { Verify } from './access/verifier.ts'
import { EventRetention } from './channels/event-retention.ts'
import type { Registry } from './channels/registry.ts'
import type { Config } from './config.ts'
import { Sandbox } from './documents/sandbox.ts'
import { OPENING } from './documents/verify.ts'
import { SynclineError } from './errors.ts'
import type { History } from './history/history.ts'
import { Retainer } from './history/retention/retainer.ts'
import type { Tasks } from './housekeeping.ts'
import type { Cursors } from './http/cursors.ts'
import { type Erasure, erasureRoutes } from './http/erasure.ts'
import { inventoryRoutes } from './http/inventory.ts'
import { type Quarantine, quarantineRoutes } from './http/quarantine.ts'
import { type RoomRetention, retentionRoutes } from './http/retention.ts'
import type { Router } from './http/router.ts'
import { RoomInventory } from './log/inventory.ts'
import type { Log } from './log/log.ts'
import type { Logger } from './observe/log.ts'
import { peopleRoutes } from './people/routes.ts'
import { earlierNow } from './storage/clock.ts'
import type { Database } from './storage/database.ts'
import type { Queryable } from './storage/transaction.ts'
import { copyGoodPart } from './transfer/copy-room.ts'

export interface AdministrationOptions {
  readonly config: Pick<Config, 'retention' | 'eventRetention' | 'maxDocumentBytes'>
  readonly database: Database
  readonly log: Log
  readonly registry: Registry
  readonly history: History
  readonly tickets: Tickets
  readonly cursors: Cursors
  readonly verify: Verify
  readonly authorizer: Authorizer
  readonly revocations: Revocations
  readonly logger: Logger
}

/** What administrators do with whole rooms, and what the server does with them by itself. */
export interface Administration {
  readonly routes: readonly Router[]
  /** To be done now and then, by name: in moments, and for hours where there is much. */
  readonly tasks: Readonly<Record<'short' | 'long', Tasks>>
}

export function createAdministration(options: AdministrationOptions): Administration {
  const { config, log, registry, history, tickets, cursors, logger, ...access } = options
  const { pool } = options.database
  const retainer = new Retainer(pool, config.retention, logger, history)
  const eventRetention = new EventRetention(log, registry, config.eventRetention, logger)
  const inventory = new RoomInventory(pool)
  const forget = async (client: Queryable, kind: 'room.erase' | 'room.purge', name: string, by: string) => {
    await deleteTickets(client, name)
    await recordAct(client, act(kind, name, by))
  }
  const erasure: Erasure = {
    erase: (name, by) => log.erase(name, by, (client) => forget(client, 'room.erase', name, by)),
    purge: (name, by) => log.purge(name, (client) => forget(client, 'room.purge', name, by)),
  }
  const retention: RoomRetention = {
    ruleFor: (name) => retainer.ruleFor(name),
    retain: (name, dryRun, by) => {
      const record = (client: Queryable) => recordAct(client, act('room.retain', name, by))
      return retainer.retain(name, { dryRun, record })
    },
  }
  const sandbox = { memory: Sandbox.memoryForOpening().most, ...OPENING }
  const quarantine: Quarantine = {
    copy: (name, by) => copyGoodPart({ pool, log, sandbox }, name, by),
    release: async (name, by) => {
      const record = (client: Queryable) => recordAct(client, act('room.release', name, by))
      if ((await log.release(name, record)) || (await log.inspect(name)) !== undefined) return
      throw new SynclineError('room-not-found')
    },
  }
  return {
    routes: [
      erasureRoutes({ erasure, ...access }),
      retentionRoutes({ retention, ...access }),
      inventoryRoutes({ inventory, cursors, ...access }),
      peopleRoutes({ pool, eraseRoom: log.erase.bind(log), ...access }),
      quarantineRoutes({ quarantine, ...access }),
    ],
    tasks: {
      short: {
        'finishing erasures': (signal) => log.finishErasures(signal),
        'expired tickets': () => tickets.deleteExpired(),
        'measuring rooms': (signal) => inventory.measure(signal),
      },
      long: {
        retention: async (signal) => {
          for await (const done of retainer.retainAll(false, { signal }))
            logger.info(done, 'a room was thinned')
        },
        'retention of events': async (signal) => {
          const now = await earlierNow(pool)
          for await (const done of eventRetention.dropAll(signal, now))
            logger.info(done, 'events were dropped')
        },
      },
    },
  }
}

const act = (name: Act, room: string, actor: string): AuditEntry => ({
  actor,
  act: name,
  subject: room,
  details: {},
})

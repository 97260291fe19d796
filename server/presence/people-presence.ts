import type pg from 'pg'
import type { Bus } from '../bus.ts'
import type { Logger } from '../observe/log.ts'
import { Attendance, type Whereabouts } from './attendance.ts'
import { everybodyRoutes } from './everybody.ts'
import { Everywhere } from './everywhere.ts'
import { Register } from './register.ts'
import { type PresenceRouteOptions, presenceRoutes } from './routes.ts'

/** Who is connected, and who was when: what rooms say of it, and what is told over HTTP. */
export class PeoplePresence {
  /** Of this node. */
  readonly attendance: Attendance
  readonly #pool: pg.Pool
  readonly #register: Register
  readonly #whereabouts: Whereabouts

  /** @param bus to the other nodes, where there are any */
  constructor(pool: pg.Pool, logger: Logger, bus?: Bus) {
    this.#pool = pool
    this.#register = new Register(pool, logger, {
      everybody: () => this.attendance.everybody(),
      stays: () => this.attendance.stays(),
    })
    this.attendance = new Attendance(this.#register, (user) => everywhere?.changed(user))
    const everywhere = bus && new Everywhere(bus, this.attendance)
    this.#whereabouts = everywhere ?? this.attendance
  }

  routes(access: Pick<PresenceRouteOptions, 'verify' | 'authorizer' | 'revocations'>) {
    const parts = { pool: this.#pool, whereabouts: this.#whereabouts, register: this.#register, ...access }
    return [presenceRoutes(parts), everybodyRoutes(parts)]
  }

  /** Forgets who has not come into a room for long. */
  forget(signal: AbortSignal): Promise<void> {
    return this.#register.forget(signal)
  }

  start(): void {
    this.#register.start()
  }

  /** Writes that everybody who is connected was seen now. */
  stop(): Promise<void> {
    return this.#register.stop()
  }
}

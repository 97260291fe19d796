import type pg from 'pg'
import type { Logger } from '../observe/log.ts'
import { Attendance } from './attendance.ts'
import { Register } from './register.ts'
import { type PresenceRouteOptions, presenceRoutes } from './routes.ts'

/** Who is connected, and who was when: what rooms say of it, and what is told over HTTP. */
export class PeoplePresence {
  readonly attendance: Attendance
  readonly #pool: pg.Pool
  readonly #register: Register

  constructor(pool: pg.Pool, logger: Logger) {
    this.#pool = pool
    this.#register = new Register(pool, logger, () => this.attendance.everybody())
    this.attendance = new Attendance(this.#register)
  }

  routes(access: Pick<PresenceRouteOptions, 'verify' | 'authorizer' | 'revocations'>) {
    const { attendance } = this
    return presenceRoutes({ pool: this.#pool, attendance, register: this.#register, ...access })
  }

  /** Forgets who has not come into a room for long. */
  forget(signal: AbortSignal): Promise<void> {
    return this.#register.forget(signal)
  }

  /** Writes that everybody who is connected was seen now. */
  stop(): Promise<void> {
    return this.#register.stop()
  }
}

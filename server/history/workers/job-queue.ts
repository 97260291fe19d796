import type { RoomId } from '../../log/entry.ts'

export interface QueueLimits {
  /** The most that waits for one room, and for all of them. */
  readonly perRoom: number
  readonly inAll: number
}

/** Work that waits. Rooms take turns, so that none waits for all that is asked of another. */
export class JobQueue<Job extends { readonly room: RoomId }> {
  readonly #limits: QueueLimits
  /** The room whose turn it is first; none without a job. */
  readonly #rooms = new Map<RoomId, Job[]>()
  #size = 0

  constructor(limits: QueueLimits) {
    this.#limits = limits
  }

  /** False where too much waits already. */
  put(job: Job): boolean {
    const jobs = this.#rooms.get(job.room) ?? []
    if (this.#size >= this.#limits.inAll || jobs.length >= this.#limits.perRoom) return false
    jobs.push(job)
    this.#rooms.set(job.room, jobs)
    this.#size += 1
    return true
  }

  take(): Job | undefined {
    for (const [room, [job, ...later]] of this.#rooms) {
      this.#rooms.delete(room)
      if (later.length > 0) this.#rooms.set(room, later)
      this.#size -= 1
      return job
    }
    return undefined
  }

  /** False where it does not wait any more. */
  delete(job: Job): boolean {
    const jobs = this.#rooms.get(job.room) ?? []
    const left = jobs.filter((other) => other !== job)
    if (left.length === jobs.length) return false
    if (left.length === 0) this.#rooms.delete(job.room)
    else this.#rooms.set(job.room, left)
    this.#size -= 1
    return true
  }
}

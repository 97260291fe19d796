import { randomInt } from 'node:crypto'
import { typedCharacter } from '../../bench/load/update.ts'
import { Attacker } from './attacker.ts'
import { frame, raw, STEP_1, STEP_2, SYNC, UPDATE } from './bytes.ts'
import type { Target } from './target.ts'

/** Somebody honest who types evenly, and how long each character takes to be saved. */
export class Typist {
  readonly #socket: Attacker
  readonly #room: string
  readonly #client = randomInt(2 ** 31)
  readonly #sentAt: number[] = []
  #latencies: number[] = []
  #saved = 0
  #timer: NodeJS.Timeout | undefined

  private constructor(socket: Attacker, room: string) {
    this.#socket = socket
    this.#room = room
    socket.onAnswer = () => {
      const sentAt = this.#sentAt[this.#saved] ?? Number.NaN
      this.#saved += 1
      this.#latencies.push(performance.now() - sentAt)
      // What others write comes here too, and is nobody's concern.
      socket.frames.length = 0
    }
  }

  static async sit(target: Pick<Target, 'wsUrl'>, room: string, token: string): Promise<Typist> {
    const socket = await Attacker.enter(target, room, token)
    socket.send(frame(room, SYNC, STEP_1, raw(1, 0)))
    socket.send(frame(room, SYNC, STEP_2, raw(2, 0, 0)))
    await socket.handled(room)
    return new Typist(socket, room)
  }

  type(everyMs: number): void {
    this.#timer = setInterval(() => {
      const update = typedCharacter(this.#client, this.#sentAt.length)
      this.#sentAt.push(performance.now())
      this.#socket.send(frame(this.#room, SYNC, UPDATE, update))
    }, everyMs)
  }

  /** Latencies since the last time, in ms; those that still wait count with what they have waited. */
  taken(): number[] {
    const now = performance.now()
    const waiting = this.#sentAt.slice(this.saved).map((sentAt) => now - sentAt)
    const latencies = [...this.#latencies, ...waiting]
    this.#latencies = []
    return latencies
  }

  get saved(): number {
    return this.#saved
  }

  get typed(): number {
    return this.#sentAt.length
  }

  get shutOut(): boolean {
    return this.#socket.closed
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  leave(): void {
    this.stop()
    this.#socket.close()
  }
}

export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / 100))] ?? Number.NaN
}

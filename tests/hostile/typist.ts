import { randomInt } from 'node:crypto'
import { typedCharacter } from '../../bench/load/update.ts'
import { Attacker } from './attacker.ts'
import { frame, raw, STEP_1, STEP_2, SYNC, UPDATE } from './bytes.ts'
import type { Target } from './target.ts'

/** Somebody honest who types evenly, and how much of it is saved. */
export class Typist {
  readonly #socket: Attacker
  readonly #room: string
  readonly #client = randomInt(2 ** 31)
  typed = 0
  saved = 0
  #timer: NodeJS.Timeout | undefined

  private constructor(socket: Attacker, room: string) {
    this.#socket = socket
    this.#room = room
    socket.onAnswer = () => {
      this.saved += 1
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
      const update = typedCharacter(this.#client, this.typed)
      this.typed += 1
      this.#socket.send(frame(this.#room, SYNC, UPDATE, update))
    }, everyMs)
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

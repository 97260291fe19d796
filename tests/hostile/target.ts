import { connect, type Socket } from 'node:net'
import type { Grants } from '../../server/protocol.ts'

/** A server under attack. */
export interface Target {
  readonly url: string
  readonly wsUrl: string
  /** Whether it is stock Hocuspocus, which has no answers of Syncline's own. */
  readonly stock?: boolean
  token(user: string, grants?: Grants): Promise<string>
}

/** How long an answer may take before an attack goes on without it, in ms. */
const ANSWERS_WITHIN = 5_000

/** Waits until the condition holds; false where it does not within `ms`. */
export async function eventually(condition: () => boolean | Promise<boolean>, ms: number): Promise<boolean> {
  const deadline = performance.now() + ms
  while (!(await condition())) {
    if (performance.now() > deadline) return false
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  return true
}

/** A bare TCP connection to the server, and what came back over it. */
export class Wire {
  readonly socket: Socket
  #received = ''
  #ended = false

  constructor({ url }: Pick<Target, 'url'>) {
    const { hostname, port } = new URL(url)
    this.socket = connect(Number(port), hostname)
    this.socket.setEncoding('latin1')
    this.socket.on('data', (text: string) => {
      this.#received += text
    })
    this.socket.on('error', () => undefined)
    this.socket.on('close', () => {
      this.#ended = true
    })
  }

  get received(): string {
    return this.#received
  }

  get ended(): boolean {
    return this.#ended
  }

  write(data: string | Uint8Array): void {
    if (!this.socket.destroyed) this.socket.write(data)
  }

  /** The statuses of all answers, once there is one or the server has hung up. */
  async statuses(): Promise<string[]> {
    await eventually(() => this.#ended || /^HTTP\/1\.1 \d{3}/.test(this.#received), ANSWERS_WITHIN)
    return [...this.#received.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => status ?? '')
  }

  close(): void {
    this.socket.destroy()
  }
}

import { until } from '../support/server-process.ts'
import type { Cluster } from './cluster.ts'
import { Writer } from './writer.ts'

/** What one writer typed, and what of it was acknowledged: numbers of edits, from 1. */
export interface Claim {
  readonly name: string
  readonly typed: number
  readonly acknowledged: number
}

/** Those who write in one room: one at each node, and, where it has one, somebody who changes between them. */
export class People {
  readonly room: string
  readonly roams: boolean
  readonly #cluster: Cluster
  readonly #claims: Claim[] = []
  #writers: readonly Writer[] = []
  #generation = 0

  constructor(cluster: Cluster, room: string, roams: boolean) {
    this.#cluster = cluster
    this.room = room
    this.roams = roams
  }

  get writers(): readonly Writer[] {
    return this.#writers
  }

  get typed(): number {
    return this.#sum(({ typed }) => typed)
  }

  /** Those who have gone. */
  get claims(): readonly Claim[] {
    return this.#claims
  }

  /** All come at once, with nothing, and begin to type once they have what is there. */
  async come(): Promise<void> {
    this.#generation += 1
    const { nodes } = this.#cluster
    const { room } = this
    const nameOf = (where: string) => `${where}-${this.#generation}`
    let turn = 0
    const roamer = {
      name: nameOf('roamer'),
      room,
      url: () => {
        turn += 1
        return nodes[turn % nodes.length]?.wsUrl ?? ''
      },
    }
    const sitting = nodes.map(({ wsUrl }, index) => ({
      name: nameOf(`node${index}`),
      room,
      url: () => wsUrl,
      // One, at another node each time; whoever roams does it by WebSocket.
      blocked: !this.roams && (index + this.#generation) % nodes.length === 0,
    }))
    this.#writers = [...sitting, ...(this.roams ? [roamer] : [])].map((options) => new Writer(options))
    await until(() => this.#writers.every(({ isSynced }) => isSynced), 30_000)
    for (const writer of this.#writers) writer.start()
  }

  rest(): void {
    for (const writer of this.#writers) writer.stop()
  }

  /** All go at once, and nothing is left of what they hold. */
  go(): void {
    for (const writer of this.#writers) {
      const { name, typed, acknowledged } = writer
      writer.destroy()
      this.#claims.push({ name, typed, acknowledged })
    }
    this.#writers = []
  }

  /** Until something was acknowledged to each that it has typed since now. */
  async heard(): Promise<void> {
    const since = this.#writers.map((writer) => ({ writer, typed: writer.typed }))
    await until(() => since.every(({ writer, typed }) => writer.acknowledged > typed), 30_000)
  }

  /** Until all that was typed is acknowledged. */
  saved(): Promise<void> {
    return until(() => this.#writers.every(({ typed, acknowledged }) => typed === acknowledged), 30_000)
  }

  #sum(of: (claim: Claim) => number): number {
    return [...this.#claims, ...this.#writers].reduce((sum, claim) => sum + of(claim), 0)
  }
}

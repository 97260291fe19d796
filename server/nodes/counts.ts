import { z } from 'zod'
import type { Bus } from '../bus.ts'
import { ClusterMap } from './cluster-map.ts'

/** From this part of its limit on, other nodes are told of a count: nearly all stay far below, and cost nothing. */
const WORTH_TELLING = 1 / 10

export interface CountsOptions {
  readonly topic: string
  /** What a count may be. */
  readonly limit: number
  /** What is counted on this node. */
  readonly keys: () => Iterable<string>
  readonly countOf: (key: string) => number
}

/** What other nodes have counted of what this one counts, too. */
export class CountsElsewhere {
  readonly #counts: ClusterMap<number>

  constructor(bus: Bus, { topic, limit, keys, countOf }: CountsOptions) {
    this.#counts = new ClusterMap({
      bus,
      topic,
      value: z.number().int().positive(),
      keys,
      valueOf: (key) => {
        const count = countOf(key)
        return count > 0 && count >= limit * WORTH_TELLING ? count : undefined
      },
    })
  }

  /** It is another on this node. */
  changed(key: string): void {
    this.#counts.changed(key)
  }

  of(key: string): number {
    return this.#counts.elsewhere(key).reduce((sum, count) => sum + count, 0)
  }
}

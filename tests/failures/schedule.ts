import * as prng from 'lib0/prng'
import { FAULT_NAMES, type FaultName } from './faults.ts'

/** One thing that happens while people type. */
export interface Strike {
  readonly fault: FaultName
  /** Which of the nodes, where it is about one. */
  readonly node: number
  /** How long it lasts: until so many edits were typed. */
  readonly edits: number
  /** The rooms from which everybody goes at that moment, with all that they hold. */
  readonly deserted: readonly number[]
}

export interface Schedule {
  readonly seed: number
  readonly strikes: readonly Strike[]
  /** At the end nodes are killed under typing. */
  readonly ends: 'killed' | 'in peace'
}

export interface ScheduleOptions {
  readonly seed: number
  readonly nodes: number
  readonly rooms: number
  /** These, in an order that the seed decides; else as many as `count` of all. */
  readonly faults?: readonly FaultName[]
  readonly count?: number
  readonly ends: Schedule['ends']
  /** The longest that one lasts, in edits. */
  readonly longest: number
}

/** The same for the same seed. What happens between its strikes is the machine's affair. */
export function scheduleOf(options: ScheduleOptions): Schedule {
  const { seed, nodes, rooms, count = 0, longest, ends } = options
  const random = prng.create(seed)
  const faults = options.faults
    ? shuffled(random, options.faults)
    : Array.from({ length: count }, () => prng.oneOf(random, [...FAULT_NAMES]))
  const strikes = faults.map((fault): Strike => {
    const all = Array.from({ length: rooms }, (_, room) => room)
    // Somebody types on, by whose edits its end is known.
    const some = all.filter(() => prng.bool(random)).slice(0, rooms - 1)
    return {
      fault,
      node: prng.int32(random, 0, nodes - 1),
      edits: prng.int32(random, Math.ceil(longest / 4), longest),
      deserted: fault === 'nothing' ? all : some,
    }
  })
  return { seed, strikes, ends }
}

function shuffled<Item>(random: prng.PRNG, items: readonly Item[]): readonly Item[] {
  return items
    .map((item) => ({ item, at: prng.real53(random) }))
    .sort((one, other) => one.at - other.at)
    .map(({ item }) => item)
}

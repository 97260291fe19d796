import { setTimeout as pause } from 'node:timers/promises'
import { watchOthers } from './load/others.ts'
import { type Peer, type PeerName, type PeerOptions, type Profile, startPeer } from './peer.ts'
import type { Postgres } from './postgres.ts'

/** What one run of one peer gave, by the name of the figure. */
export type Figures = Readonly<Record<string, number>>

/** A peer with all that a scenario needs of it. */
export interface Opened {
  /** One measurement. */
  readonly turn: () => Promise<Figures>
  /** Called now and then while others have their turns: some servers close whoever is silent. */
  readonly stay?: () => void
  readonly close: () => Promise<void>
}

interface Column {
  readonly figure: string
  readonly title: string
  readonly digits: number
}

/** What must hold: a ratio to another peer, or, without one, the figure itself. */
export interface Goal {
  readonly figure: string
  readonly against?: PeerName
  readonly atMost: number
}

export interface Scenario {
  readonly name: string
  readonly title: string
  readonly columns: readonly Column[]
  readonly goals: readonly Goal[]
  run(bench: Bench): Promise<Map<PeerName, Figures>>
}

export interface BenchOptions {
  readonly quick: boolean
  readonly trace: string | undefined
  readonly profile: boolean
  readonly peers: readonly PeerName[]
  readonly postgres: Postgres
  readonly log: (line: string) => void
}

/** Other programs may have this share of the machine before a run is made again. */
const DISTURBED = 0.1
/** What staying takes of a peer is not to fall into its turn; in ms. */
const STAYED = 500
/** Hocuspocus closes whoever was silent for a minute; in ms. */
const STAY_EVERY = 20_000
/** Runs that may be made again in a scenario, so that a busy machine lengthens the whole but does not double it. */
const SECOND_RUNS = 3

/** A scenario that cannot run as it was called. */
export class Skipped extends Error {}

export class Bench {
  readonly quick: boolean
  readonly trace: string | undefined
  readonly postgres: Postgres
  readonly log: (line: string) => void
  readonly profiles = new Map<PeerName, Profile>()
  /** The largest share of the machine that other programs had in a run whose figures count. */
  disturbance = 0
  #others = 0
  #secondRuns: number
  readonly #profile: boolean
  readonly #peers: readonly PeerName[]

  constructor({ quick, trace, profile, peers, postgres, log }: BenchOptions) {
    this.quick = quick
    this.trace = trace
    this.postgres = postgres
    this.log = log
    this.#profile = profile
    this.#secondRuns = this.pick(SECOND_RUNS, 0)
    this.#peers = peers
  }

  /** The shorter of two durations or counts, when there is little time. */
  pick(full: number, quick: number): number {
    return this.quick ? quick : full
  }

  /** Each peer in turn, again and again, so that a slow minute of the machine meets all; the medians. */
  async repeat(
    peers: readonly PeerName[],
    repeats: number,
    run: (peer: Peer) => Promise<Figures>,
    options: PeerOptions = {},
  ): Promise<Map<PeerName, Figures>> {
    return this.#rounds(repeats, this.#wanted(peers), (name) => this.using(name, run, options))
  }

  /**
   * All peers beside each other, each opened once and then measured in turns of some seconds; the medians. A machine may be twice as
   * slow for minutes: that meets all alike, and not those whose minutes they are.
   */
  async inTurns(
    peers: readonly PeerName[],
    turns: number,
    open: (peer: Peer) => Promise<Opened>,
  ): Promise<Map<PeerName, Figures>> {
    await using stack = new AsyncDisposableStack()
    const opened = new Map<PeerName, Opened>()
    const staying = setInterval(() => stay(opened), STAY_EVERY)
    stack.defer(() => clearInterval(staying))
    for (const name of this.#wanted(peers)) {
      const peer = await startPeer(name, this.postgres)
      stack.defer(() => peer.kill())
      const it = await open(peer)
      stack.defer(() => it.close())
      opened.set(name, it)
    }
    clearInterval(staying)
    return await this.turns(opened, turns)
  }

  /** Those who stand beside each other in turns, as `inTurns`. */
  turns<Name extends string>(opened: ReadonlyMap<Name, Opened>, turns: number): Promise<Map<Name, Figures>> {
    return this.#rounds(turns, [...opened.keys()], async (name) => {
      stay(opened)
      await pause(STAYED)
      return (await opened.get(name)?.turn()) ?? {}
    })
  }

  async #rounds<Name extends string>(
    rounds: number,
    names: readonly Name[],
    run: (name: Name) => Promise<Figures>,
  ): Promise<Map<Name, Figures>> {
    const measured = new Map<Name, Figures[]>()
    for (let round = 0; round < rounds; round += 1) {
      for (const name of names) {
        const figures = await this.#undisturbed(name, run)
        measured.set(name, [...(measured.get(name) ?? []), figures])
      }
    }
    return new Map([...measured].map(([name, runs]) => [name, medians(runs)]))
  }

  /** One round of the peers that were asked for. */
  each(
    peers: readonly PeerName[],
    run: (name: PeerName) => Promise<Figures>,
  ): Promise<Map<PeerName, Figures>> {
    return this.#rounds(1, this.#wanted(peers), run)
  }

  /** Whether it was asked for. */
  wants(peer: PeerName): boolean {
    return this.#peers.includes(peer)
  }

  #wanted(peers: readonly PeerName[]): readonly PeerName[] {
    return peers.filter((peer) => this.wants(peer))
  }

  async #undisturbed<Name extends string>(
    name: Name,
    run: (name: Name) => Promise<Figures>,
  ): Promise<Figures> {
    for (;;) {
      this.#others = 0
      const figures = await run(name)
      const others = this.#others
      const disturbed =
        others > DISTURBED ? `  (others had ${(others * 100).toFixed(0)} % of the machine)` : ''
      this.log(`  ${name.padEnd(12)} ${line(figures)}${disturbed}`)
      if (disturbed === '' || this.#secondRuns === 0) {
        this.disturbance = Math.max(this.disturbance, others)
        return figures
      }
      this.#secondRuns -= 1
    }
  }

  async using<Result>(
    name: PeerName,
    run: (peer: Peer) => Promise<Result>,
    options: PeerOptions = {},
  ): Promise<Result> {
    const peer = await startPeer(name, this.postgres, options)
    try {
      return await run(peer)
    } finally {
      await peer.kill()
    }
  }

  /** Runs the part of a scenario that counts; the server's processor time over it, in ms. */
  async measure(
    peer: Peer,
    act: () => Promise<void>,
  ): Promise<{ readonly cpu: number; readonly ms: number }> {
    if (this.#profile) await peer.startProfile()
    const others = watchOthers()
    const cpu = peer.cpu()
    const started = performance.now()
    await act()
    const measured = { cpu: peer.cpu() - cpu, ms: performance.now() - started }
    this.#others = Math.max(this.#others, others())
    if (this.#profile) this.profiles.set(peer.name, await peer.stopProfile())
    return measured
  }
}

function stay(opened: ReadonlyMap<string, Opened>): void {
  for (const each of opened.values()) each.stay?.()
}

const line = (figures: Figures): string =>
  Object.entries(figures)
    .map(([name, value]) => `${name} ${Number(value.toPrecision(4))}`)
    .join('  ')

function medians(runs: readonly Figures[]): Figures {
  const names = Object.keys(runs[0] ?? {})
  return Object.fromEntries(names.map((name) => [name, median(runs.map((run) => run[name] ?? Number.NaN))]))
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}

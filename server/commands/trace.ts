import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'

/** At `position`, `deleted` characters go and `inserted` comes. */
export type Patch = readonly [position: number, deleted: number, inserted: string]

export interface Transaction {
  readonly agent: number
  readonly patches: readonly Patch[]
  /** How many of each agent's transactions the author had before them, their own included. */
  readonly seen: readonly number[]
}

/** A recorded session: https://github.com/josephg/editing-traces, sequential or concurrent. */
export interface Trace {
  readonly agents: number
  readonly transactions: readonly Transaction[]
  readonly endContent: string
}

interface RawTransaction {
  readonly agent?: number
  readonly parents?: readonly number[]
  readonly patches: readonly Patch[]
}

const inflate = promisify(gunzip)

const GZIP_MAGIC = 0x1f8b

export async function readTrace(path: string): Promise<Trace> {
  const bytes = await readFile(path)
  const packed = bytes.length > 2 && bytes.readUInt16BE(0) === GZIP_MAGIC
  const text = packed ? await inflate(bytes) : bytes
  return parseTrace(JSON.parse(text.toString('utf8')))
}

function parseTrace(raw: unknown): Trace {
  if (!isRecord(raw) || typeof raw.endContent !== 'string' || !Array.isArray(raw.txns)) {
    throw new Error('This is not a trace: endContent and txns are missing')
  }
  raw.txns.forEach(checkTransaction)
  const transactions: readonly RawTransaction[] = raw.txns
  const start = typeof raw.startContent === 'string' ? raw.startContent : ''
  return raw.kind === 'concurrent'
    ? concurrent(transactions, raw.numAgents, start, raw.endContent)
    : sequential(transactions, start, raw.endContent)
}

function sequential(raw: readonly RawTransaction[], start: string, endContent: string): Trace {
  const patches = raw.map((transaction) => transaction.patches)
  const all: readonly (readonly Patch[])[] = start === '' ? patches : [[[0, 0, start]], ...patches]
  return {
    agents: 1,
    transactions: all.map((patches, index) => ({ agent: 0, patches, seen: [index] })),
    endContent,
  }
}

function concurrent(
  raw: readonly RawTransaction[],
  agents: unknown,
  start: string,
  endContent: string,
): Trace {
  if (typeof agents !== 'number' || !Number.isInteger(agents) || agents < 1) {
    throw new Error('This is not a trace: numAgents is missing')
  }
  // Nobody's transaction would be its author, so no client could type it.
  if (start !== '') throw new Error('A concurrent trace starts from an empty text')
  const transactions: Transaction[] = []
  const typed = new Array<number>(agents).fill(0)
  const after: (readonly number[])[] = []
  for (const [index, { agent = 0, parents = [], patches }] of raw.entries()) {
    if (agent < 0 || agent >= agents)
      throw new Error(`Transaction ${index} is of agent ${agent}, of ${agents}`)
    const seen = new Array<number>(agents).fill(0)
    for (const parent of parents) {
      const version = after[parent]
      if (version === undefined)
        throw new Error(`Transaction ${index} has a parent, ${parent}, that is not before it`)
      for (const [other, count] of version.entries()) seen[other] = Math.max(seen[other] ?? 0, count)
    }
    const own = typed[agent] ?? 0
    if (seen[agent] !== own)
      throw new Error(`Transaction ${index} does not follow agent ${agent}'s previous one`)
    typed[agent] = own + 1
    transactions.push({ agent, patches, seen })
    after.push(seen.map((count, other) => (other === agent ? own + 1 : count)))
  }
  return { agents, transactions, endContent }
}

function checkTransaction(value: unknown, index: number): asserts value is RawTransaction {
  const valid =
    isRecord(value) &&
    Array.isArray(value.patches) &&
    value.patches.every(isPatch) &&
    (value.agent === undefined || Number.isInteger(value.agent)) &&
    (value.parents === undefined || (Array.isArray(value.parents) && value.parents.every(Number.isInteger)))
  if (!valid) throw new Error(`Transaction ${index} of the trace cannot be read`)
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null

const isPatch = (value: unknown): value is Patch =>
  Array.isArray(value) &&
  Number.isInteger(value[0]) &&
  Number.isInteger(value[1]) &&
  (value[2] === undefined || typeof value[2] === 'string')

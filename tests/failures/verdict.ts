import { pino } from 'pino'
import * as Y from 'yjs'
import { Log } from '../../server/log/log.ts'
import { openDatabase } from '../../server/storage/database.ts'
import type { Claim } from './people.ts'

/** What was promised and did not hold. */
export interface Problem {
  readonly kind: 'lost' | 'diverged' | 'twice' | 'disorder' | 'invented' | 'stuck' | 'cut off'
  readonly detail: string
}

export interface Verdict {
  readonly seed: number
  /** Edits and events. */
  readonly acknowledged: number
  readonly problems: readonly Problem[]
  /** The documents that were written in, and what each writer was told. */
  readonly documents: readonly { readonly room: string; readonly claims: readonly Claim[] }[]
}

/** Lines below the first, at most. */
const MOST = 40

/** One line with how many there are of each kind; and below it, where there is anything, what did not hold. */
export function say({ seed, acknowledged, problems }: Omit<Verdict, 'documents'>): string {
  const counts = new Map<Problem['kind'], number>([
    ['lost', 0],
    ['diverged', 0],
  ])
  for (const { kind } of problems) counts.set(kind, (counts.get(kind) ?? 0) + 1)
  const line = [`acknowledged ${acknowledged}`, ...[...counts].map((one) => one.join(' ')), `seed ${seed}`]
  return [line.join(', '), ...runsOf(problems).slice(0, MOST)].join('\n')
}

/** One line for numbers that follow each other: hundreds of them are often one thing that happened. */
function runsOf(problems: readonly Problem[]): readonly string[] {
  const runs: { readonly what: string; readonly first: number; last: number }[] = []
  for (const { kind, detail } of problems) {
    const [, before = '', digits] = /^(.* )(\d+)$/s.exec(detail) ?? [undefined, detail]
    const what = `  ${kind}: ${before}`
    const number = Number(digits)
    const run = runs.at(-1)
    if (run?.what === what && run.last + 1 === number) run.last = number
    else runs.push({ what, first: number, last: number })
  }
  return runs.map(({ what, first, last }) =>
    Number.isNaN(first) ? what : `${what}${first === last ? first : `${first} to ${last}`}`,
  )
}

/** A room as its log makes it. */
export interface Replayed {
  readonly edits: readonly string[]
  /** What stands in more than one entry. */
  readonly twice: readonly string[]
}

/** Reads rooms out of their logs, entry by entry, past every server. */
export const replay = (databaseUrl: string, rooms: readonly string[]): Promise<readonly Replayed[]> =>
  withLog(databaseUrl, (log) => Promise.all(rooms.map((room) => replayRoom(log, room))))

/** Does something with the log as it lies in the database. */
export async function withLog<Result>(
  databaseUrl: string,
  act: (log: Log) => Promise<Result>,
): Promise<Result> {
  const logger = pino({ level: 'silent' })
  const database = await openDatabase({ kind: 'url', url: databaseUrl }, logger)
  const log = new Log(database, logger, 1)
  try {
    return await act(log)
  } finally {
    await log.abandon()
    await database.close()
  }
}

async function replayRoom(log: Log, name: string): Promise<Replayed> {
  const found = await log.inspect(name)
  if (found === undefined) return { edits: [], twice: [] }
  const { room } = found
  const document = new Y.Doc()
  const written = new Set<string>()
  const twice: string[] = []
  for await (const { bytes } of log.read(room.id, 0, room.head)) {
    Y.applyUpdate(document, bytes)
    for (const edit of editsIn(bytes)) {
      if (written.has(edit)) twice.push(edit)
      written.add(edit)
    }
  }
  return { edits: document.getArray<string>('edits').toArray(), twice }
}

function editsIn(update: Uint8Array): readonly string[] {
  return Y.decodeUpdate(update).structs.flatMap((struct) =>
    struct instanceof Y.Item ? struct.content.getContent().map(String) : [],
  )
}

/** Holds what is in a room against what its writers were told. */
export function checkEdits(claims: readonly Claim[], edits: readonly string[], where: string): Problem[] {
  const problems: Problem[] = []
  const problem = (kind: Problem['kind'], detail: string) =>
    problems.push({ kind, detail: `${where}: ${detail}` })
  const last = new Map(claims.map(({ name }) => [name, 0]))
  const known = new Map(claims.map(({ name, typed }) => [name, typed]))
  const there = new Set(edits)
  const lost = (name: string, first: number, until: number) => {
    for (let n = first; n <= until; n += 1) if (!there.has(`${name} ${n}`)) problem('lost', `${name} ${n}`)
  }
  for (const edit of edits) {
    const [name = '', number] = edit.split(' ')
    const n = Number(number)
    const before = last.get(name)
    if (before === undefined || n > (known.get(name) ?? 0)) problem('invented', edit)
    else if (n === before) problem('twice', edit)
    else if (n < before) problem('disorder', edit)
    // Whoever has typed it has typed those before it, and they are what it stands on.
    else lost(name, before + 1, n - 1)
    last.set(name, Math.max(before ?? 0, n))
  }
  for (const { name, acknowledged } of claims) lost(name, (last.get(name) ?? 0) + 1, acknowledged)
  return problems
}

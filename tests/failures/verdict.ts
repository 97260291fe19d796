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
}

/** One line; and below it, where there is anything, what did not hold. */
export function say({ seed, acknowledged, problems }: Verdict): string {
  const count = (kind: Problem['kind']) => problems.filter((problem) => problem.kind === kind).length
  const line = `acknowledged ${acknowledged}, lost ${count('lost')}, diverged ${count('diverged')}, seed ${seed}`
  const others = problems.slice(0, 20).map(({ kind, detail }) => `  ${kind}: ${detail}`)
  return [line, ...others].join('\n')
}

/** A room as its log makes it. */
export interface Replayed {
  readonly edits: readonly string[]
  /** What stands in more than one entry. */
  readonly twice: readonly string[]
}

/** Reads a room out of its log, entry by entry, past every server. */
export async function replay(databaseUrl: string, rooms: readonly string[]): Promise<readonly Replayed[]> {
  const logger = pino({ level: 'silent' })
  const database = await openDatabase({ kind: 'url', url: databaseUrl }, logger)
  const log = new Log(database, logger, 1)
  try {
    return await Promise.all(rooms.map((room) => replayRoom(log, room)))
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
  for (const edit of edits) {
    const [name = '', number] = edit.split(' ')
    const n = Number(number)
    const before = last.get(name)
    if (before === undefined || n > (known.get(name) ?? 0)) problem('invented', edit)
    else if (n === before) problem('twice', edit)
    else if (n < before) problem('disorder', edit)
    // Whoever has typed it has typed those before it, and they are what it stands on.
    else for (let missing = before + 1; missing < n; missing += 1) problem('lost', `${name} ${missing}`)
    last.set(name, Math.max(before ?? 0, n))
  }
  for (const { name, acknowledged } of claims) {
    for (let missing = (last.get(name) ?? 0) + 1; missing <= acknowledged; missing += 1)
      problem('lost', `${name} ${missing}`)
  }
  return problems
}

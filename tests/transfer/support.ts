import { execFile, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { onTestFinished } from 'vitest'
import * as Y from 'yjs'
import type { Log } from '../../server/log/log.ts'
import { type AtEnd, openRoom } from '../log/fixture.ts'

const SYNCLINE = fileURLToPath(new URL('../../server/syncline.ts', import.meta.url))
const execute = promisify(execFile)

interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** The command line with these settings, whatever its exit code. */
export async function command(settings: NodeJS.ProcessEnv, ...args: string[]): Promise<Ended> {
  const env = { ...process.env, ...settings }
  try {
    return { code: 0, ...(await execute(process.execPath, [SYNCLINE, ...args], { env })) }
  } catch (error) {
    const { code, stdout, stderr } = error as Ended
    return { code, stdout, stderr }
  }
}

/** The same on a database; all that it printed. */
export async function syncline(
  url: string,
  ...args: string[]
): Promise<{ readonly code: number; readonly output: string }> {
  const { code, stdout, stderr } = await command({ DATABASE_URL: url }, ...args)
  return { code, output: stdout + stderr }
}

/** An erasure of which nobody is told. */
export const QUIETLY = async () => undefined

/** The same, left running; to be ended by the caller. */
export function startSyncline(url: string, ...args: string[]) {
  const child = spawn(process.execPath, [SYNCLINE, ...args], {
    env: { ...process.env, DATABASE_URL: url },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  child.stderr.pipe(process.stderr)
  return child
}

export async function folder(atEnd: AtEnd = onTestFinished): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'syncline-transfer-'))
  atEnd(() => rm(made, { recursive: true, force: true }))
  return made
}

/** Makes or changes a document, as one entry. */
export async function write(log: Log, name: string, title: string | undefined, text: string): Promise<void> {
  const room = await openRoom(log, name)
  const doc = new Y.Doc()
  for await (const { bytes } of log.read(room.id, 0, room.head)) Y.applyUpdate(doc, bytes)
  const before = Y.encodeStateVector(doc)
  doc.transact(() => {
    if (title !== undefined) doc.getMap('meta').set('title', title)
    doc.getMap('meta').set('editor', 'code')
    const content = doc.getText('content')
    content.delete(0, content.length)
    content.insert(0, text)
  })
  room.append({ actor: 'ada', at: Date.now(), bytes: Y.encodeStateAsUpdate(doc, before) })
  await room.durable()
}

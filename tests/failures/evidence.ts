import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as Y from 'yjs'
import type { Log } from '../../server/log/log.ts'
import type { Cluster } from './cluster.ts'
import { type Verdict, withLog } from './verdict.ts'

/**
 * What a round leaves behind that found something, which may not be found again for hours: all problems, what each writer
 * was told, what each node has said, and the log of each document, an entry a line. Returns the folder.
 */
export async function keepEvidence({ nodes, postgres }: Cluster, verdict: Verdict): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), `soak-${verdict.seed}-`))
  const keep = (name: string, text: string) => writeFile(join(folder, name), text)
  await keep('verdict.json', JSON.stringify(verdict, null, 1))
  await Promise.all(nodes.map(({ server }, node) => keep(`node${node}.log`, server.output)))
  await withLog(postgres.url, async (log) => {
    for (const { room } of verdict.documents)
      await keep(`${room.replace(':', '-')}.txt`, (await entriesOf(log, room)).join('\n'))
  })
  return folder
}

async function entriesOf(log: Log, name: string): Promise<readonly string[]> {
  const found = await log.inspect(name)
  if (found === undefined) return ['the room is not there']
  const { room, quarantine } = found
  const lines = quarantine === undefined ? [] : [`quarantined: ${JSON.stringify(quarantine)}`]
  try {
    for await (const { seq, at, actor, bytes } of log.read(room.id, 0, room.head)) {
      const structs = Y.decodeUpdate(bytes).structs.map(sayStruct)
      lines.push([seq, new Date(at).toISOString(), actor, ...structs].join(' '))
    }
  } catch (error) {
    lines.push(String(error))
  }
  return lines
}

function sayStruct(struct: ReturnType<typeof Y.decodeUpdate>['structs'][number]): string {
  const { client, clock } = struct.id
  const run = `${client}:${clock}+${struct.length}`
  if (!(struct instanceof Y.Item)) return run
  const { origin, content } = struct
  const edits = content.getContent()
  return `${run} after ${origin ? `${origin.client}:${origin.clock}` : 'nothing'} "${edits.at(0)}" to "${edits.at(-1)}"`
}

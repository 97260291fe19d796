import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import * as Y from 'yjs'

type Patch = readonly [number, number, string]

interface Recorded {
  readonly agent: number
  readonly parents: readonly number[]
  readonly patches: readonly Patch[]
}

const WORDS = ['the ', 'room ', 'is ', 'one ', 'log. ', 'é', '😀', '\n']

/** The same numbers for the same seed: a mulberry32. */
function random(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

function edit(text: Y.Text, next: (below: number) => number): Patch {
  // At the start of the text or after it, so that no position cuts an emoji in two.
  const position = next(2) === 0 ? 0 : text.length
  if (position > 0 && text.length > 40 && next(4) === 0) {
    const end = text.toString().lastIndexOf(' ')
    if (end > 0) return [end, 1, '']
  }
  return [position, 0, WORDS[next(WORDS.length)] ?? 'x']
}

function apply(text: Y.Text, [position, deleted, inserted]: Patch): void {
  if (deleted > 0) text.delete(position, deleted)
  if (inserted !== '') text.insert(position, inserted)
}

/** One person types `count` times. */
export function sequential(count: number, seed: number) {
  const next = random(seed)
  const text = new Y.Doc().getText('content')
  const startContent = 'Begun before. '
  text.insert(0, startContent)
  const txns = Array.from({ length: count }, () => {
    const patch = edit(text, next)
    apply(text, patch)
    return { time: '2026-01-01T00:00:00Z', patches: [patch] }
  })
  return { startContent, endContent: text.toString(), txns }
}

/** Several people type at the same time, often at the same spot, and merge now and then. */
export function concurrent(agents: number, count: number, seed: number) {
  const next = random(seed)
  const docs = Array.from({ length: agents }, (_, agent) => {
    const doc = new Y.Doc()
    doc.clientID = agent + 1
    return doc
  })
  const tips: number[][] = docs.map(() => [])
  const txns: Recorded[] = []
  for (let index = 0; index < count; index += 1) {
    const agent = next(agents)
    const doc = docs[agent]
    const tip = tips[agent]
    if (doc === undefined || tip === undefined) throw new Error('no such agent')
    let parents = tip
    const other = next(agents)
    const otherDoc = docs[other]
    if (other !== agent && otherDoc !== undefined && next(5) === 0) {
      parents = [...new Set([...tip, ...(tips[other] ?? [])])].sort((a, b) => a - b)
      Y.applyUpdate(doc, Y.encodeStateAsUpdate(otherDoc))
    }
    const patch = edit(doc.getText('content'), next)
    apply(doc.getText('content'), patch)
    txns.push({ agent, parents, patches: [patch] })
    tips[agent] = [index]
  }
  const all = new Y.Doc()
  for (const doc of docs) Y.applyUpdate(all, Y.encodeStateAsUpdate(doc))
  return { kind: 'concurrent', numAgents: agents, endContent: all.getText('content').toString(), txns }
}

export async function writeRecording(folder: string, name: string, recording: object): Promise<string> {
  const path = join(folder, `${name}.json.gz`)
  await writeFile(path, gzipSync(JSON.stringify(recording)))
  return path
}

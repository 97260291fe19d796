import * as Y from 'yjs'
import { checkUpdate } from '../../server/documents/check-update.ts'
import type { Figures, Scenario } from '../bench.ts'
import { recording } from './recording.ts'

const ROUNDS = 5

/** The structure check of a recording's updates, beside applying them; no server is asked. */
export const structureCheck: Scenario = {
  name: 'hostile-check',
  title: 'the structure check of each update of a recording',
  columns: [
    { figure: 'updates', title: 'updates', digits: 0 },
    { figure: 'check', title: 'check, µs', digits: 3 },
    { figure: 'apply', title: 'apply, µs', digits: 3 },
    { figure: 'share', title: 'share of applying', digits: 3 },
    { figure: 'refused', title: 'refused', digits: 0 },
  ],
  goals: [
    { figure: 'share', atMost: 0.1 },
    { figure: 'refused', atMost: 0 },
  ],
  run: async (bench) => new Map([['syncline', measured(await recording(bench))]]),
}

function measured(updates: readonly Uint8Array[]): Figures {
  const check = fastest(() => {
    for (const update of updates) refuses(update)
  })
  const apply = fastest(() => {
    const doc = new Y.Doc()
    for (const update of updates) Y.applyUpdate(doc, update)
  })
  const perUpdate = (ms: number): number => (ms * 1000) / updates.length
  const refused = updates.filter(refuses).length
  return {
    updates: updates.length,
    check: perUpdate(check),
    apply: perUpdate(apply),
    share: check / apply,
    refused,
  }
}

function refuses(update: Uint8Array): boolean {
  try {
    checkUpdate(update)
    return false
  } catch {
    return true
  }
}

function fastest(act: () => void): number {
  let best = Number.POSITIVE_INFINITY
  for (let round = 0; round < ROUNDS; round += 1) {
    const started = performance.now()
    act()
    best = Math.min(best, performance.now() - started)
  }
  return best
}

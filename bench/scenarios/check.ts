import * as Y from 'yjs'
import { readTrace } from '../../server/commands/trace.ts'
import { checkUpdate } from '../../server/documents/check-update.ts'
import { weighUpdate } from '../../server/documents/weigh-update.ts'
import { DOCUMENT_FIELDS } from '../../server/protocol.ts'
import { type Bench, type Figures, median, type Scenario, Skipped } from '../bench.ts'

const ROUNDS = 5

/** What it costs to look at an update before it is applied, and whether anything honest is refused. */
export const check: Scenario = {
  name: 'check',
  title: 'the check of each update of a recording before it is applied',
  columns: [
    { figure: 'updates', title: 'updates', digits: 0 },
    { figure: 'check', title: 'check (µs)', digits: 2 },
    { figure: 'weigh', title: 'look at the document (µs)', digits: 2 },
    { figure: 'apply', title: 'apply (µs)', digits: 2 },
    { figure: 'share', title: 'check / apply', digits: 3 },
    { figure: 'both', title: 'both / apply', digits: 3 },
    { figure: 'refused', title: 'refused', digits: 0 },
    { figure: 'heavy', title: 'tried elsewhere first', digits: 0 },
  ],
  goals: [
    { figure: 'share', atMost: 0.1 },
    { figure: 'both', atMost: 0.2 },
    { figure: 'refused', atMost: 0 },
    { figure: 'heavy', atMost: 0 },
  ],
  run: async (bench) => {
    const updates = await typed(bench)
    const rounds = Array.from({ length: bench.pick(ROUNDS, 2) }, () => measure(updates))
    const figure = (name: string) => median(rounds.map((round) => round[name] ?? Number.NaN))
    const names = ['updates', 'check', 'weigh', 'apply', 'share', 'both', 'refused', 'heavy']
    return new Map([['syncline', Object.fromEntries(names.map((name) => [name, figure(name)]))]])
  },
}

/** The updates as a server gets them from everybody who typed, each of whom had seen what the recording says. */
async function typed(bench: Bench): Promise<readonly Uint8Array[]> {
  if (bench.trace === undefined) throw new Skipped('--trace PATH names no recording')
  const { agents, transactions } = await readTrace(bench.trace)
  const all: Uint8Array[] = []
  const own = Array.from({ length: agents }, (_, agent) => {
    const doc = new Y.Doc()
    const updates: Uint8Array[] = []
    doc.clientID = 1_000_000 + agent
    doc.on('update', (update: Uint8Array, origin: unknown) => {
      if (origin === 'others') return
      updates.push(update)
      all.push(update)
    })
    return { doc, updates, merged: Array.from({ length: agents }, () => 0) }
  })
  for (const { agent, patches, seen } of transactions) {
    const me = own[agent]
    if (me === undefined) continue
    for (const [other, { updates }] of own.entries()) {
      if (other === agent) continue
      const until = seen[other] ?? 0
      for (const update of updates.slice(me.merged[other] ?? 0, until))
        Y.applyUpdate(me.doc, update, 'others')
      me.merged[other] = Math.max(me.merged[other] ?? 0, until)
    }
    const text = me.doc.getText(DOCUMENT_FIELDS.code)
    me.doc.transact(() => {
      for (const [position, deleted, inserted] of patches) {
        if (deleted > 0) text.delete(position, deleted)
        if (inserted !== '') text.insert(position, inserted)
      }
    })
  }
  return all
}

function measure(updates: readonly Uint8Array[]): Figures {
  const doc = new Y.Doc()
  doc.on('update', () => undefined)
  const spent = { check: 0, weigh: 0, apply: 0 }
  let refused = 0
  let heavy = 0
  for (const update of updates) {
    const started = performance.now()
    let checked = started
    try {
      const shape = checkUpdate(update)
      checked = performance.now()
      if (weighUpdate(doc, update, shape) === 'heavy') heavy += 1
    } catch {
      refused += 1
    }
    const weighed = performance.now()
    Y.applyUpdate(doc, update)
    spent.apply += performance.now() - weighed
    spent.weigh += weighed - checked
    spent.check += checked - started
  }
  const micros = (ms: number) => (ms * 1000) / updates.length
  return {
    updates: updates.length,
    check: micros(spent.check),
    weigh: micros(spent.weigh),
    apply: micros(spent.apply),
    share: spent.check / spent.apply,
    both: (spent.check + spent.weigh) / spent.apply,
    refused,
    heavy,
  }
}

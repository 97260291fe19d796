import type { BuiltInPayloads } from '../channels/kinds/built-in.ts'
import type { EventDraft } from '../protocol.ts'

const STEPS = [
  { id: 'install', title: 'Install' },
  { id: 'compile', title: 'Compile' },
  { id: 'test', title: 'Test' },
  { id: 'package', title: 'Package' },
]
/** Lines that a build writes at once: a few, or many when a tool empties its buffer. */
const BURSTS = [1, 1, 2, 3, 5, 8, 40]

/** A build of so many lines of log, as its worker would publish it. The same number is the same build. */
export function recordedBuild(lines: number): readonly EventDraft[] {
  const events: EventDraft[] = []
  const add = <Type extends keyof BuiltInPayloads & `build.${string}`>(
    type: Type,
    payload: BuiltInPayloads[Type],
  ): void => {
    events.push({ type, id: `${events.length + 1}`, payload })
  }
  add('build.created', { title: 'Recorded build', ref: 'main', revision: '0123abc', steps: STEPS })
  add('build.queued', { position: 1 })
  add('build.started', { worker: 'worker-1' })
  for (const [index, { id }] of STEPS.entries()) {
    add('build.progress', { share: index / STEPS.length, step: id, state: 'running' })
    const until = Math.floor((lines * (index + 1)) / STEPS.length)
    for (let first = Math.floor((lines * index) / STEPS.length) + 1; first <= until; ) {
      const count = Math.min(BURSTS[first % BURSTS.length] ?? 1, until - first + 1)
      const text = Array.from({ length: count }, (_, i) => lineOf(id, first + i))
      add('build.log', { first, lines: text, stream: first % 23 === 0 ? 'stderr' : 'stdout', step: id })
      first += count
    }
    add('build.progress', { share: (index + 1) / STEPS.length, step: id, state: 'done' })
  }
  add('build.completed', { duration: lines * 7, warnings: Math.floor(lines / 23) })
  return events
}

const lineOf = (step: string, number: number): string =>
  `${step} ${String(number).padStart(6, '0')}: module ${(number * 7919) % 4096} done in ${(number * 31) % 977} ms`

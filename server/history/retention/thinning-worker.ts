import { parentPort } from 'node:worker_threads'
import { lowerPriorityOfThread } from '../../priority.ts'
import { type MergedGroup, Thinning } from './thinning.ts'

/** What the thread is asked; it answers each with one `Answer`, in order. */
export type Question =
  | { readonly ask: 'apply' | 'merge'; readonly updates: readonly Uint8Array[] }
  | { readonly ask: 'check'; readonly groups: readonly MergedGroup[] }
  | { readonly ask: 'same' }

export type Answer = { readonly value: unknown } | { readonly failure: string }

lowerPriorityOfThread()

const thinning = new Thinning()

function answer(question: Question): unknown {
  switch (question.ask) {
    case 'apply':
      return thinning.apply(question.updates)
    case 'merge':
      return thinning.merge(question.updates)
    case 'check':
      return question.groups.every((group) => thinning.check(group))
    case 'same':
      return thinning.same()
  }
}

parentPort?.on('message', (question: Question) => {
  let said: Answer
  try {
    said = { value: answer(question) }
  } catch (error) {
    said = { failure: error instanceof Error ? error.message : String(error) }
  }
  parentPort?.postMessage(said)
})

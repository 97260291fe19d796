import { isDeepStrictEqual } from 'node:util'
import * as Y from 'yjs'
import { checkUpdate } from './check-update.ts'
import { loggedUpdate } from './logged-update.ts'
import { dropPending, hasPending } from './pending.ts'
import { DOCUMENT } from './update-limits.ts'
import { depthOfDocument } from './weigh-update.ts'

/** What an update may cost, in ms of processor time. */
export interface Budget {
  /** To apply it. */
  readonly applyMs: number
}

/** What is asked of the process in which something may go wrong. */
export type Task =
  /** What would become of a document with this update? */
  | {
      readonly kind: 'try'
      readonly state: Uint8Array
      readonly update: Uint8Array
      readonly budget: Budget
    }
  /** Applies updates one after the other, to an empty document or to what was folded before. */
  | { readonly kind: 'fold'; readonly afresh: boolean; readonly updates: readonly Uint8Array[] }
  /** Whether what was folded can be encoded and opened again. It is gone after that: two of a large document are too many. */
  | { readonly kind: 'settle' }
  /** Whether a state is the document that was folded. */
  | { readonly kind: 'compare'; readonly state: Uint8Array }

/** `problem` is absent where all is well; `at` says which of the updates it was. */
export interface Answer {
  readonly problem?: string
  readonly at?: number
}

const FINE: Answer = {}
const STUCK: Answer = { problem: 'it cannot be encoded and opened again' }

/** No document has a root of this name: it is typed into to see that one can. */
const SCRATCH = '\u0000scratch'

let folded = new Y.Doc()

/** `allow` bounds the processor time, in ms, that may be spent from then on. */
export function perform(task: Task, allow: (ms: number) => void): Answer {
  switch (task.kind) {
    case 'try':
      return tryUpdate(task, allow)
    case 'fold':
      return fold(task.afresh, task.updates)
    case 'settle':
      return reopens(encodedFold())
    case 'compare':
      return holds(task.state, folded) ? FINE : { problem: 'it is another document' }
  }
}

/** What a process may spend beside what is measured, until its code is warm and its garbage collected, in ms. */
const BESIDE = 500

function tryUpdate(
  { state, update, budget: { applyMs } }: Task & { readonly kind: 'try' },
  allow: (ms: number) => void,
): Answer {
  const doc = new Y.Doc()
  const logged: Uint8Array[] = []
  const { runs } = checkUpdate(update)
  // As a room's document is: each of its changes is encoded.
  doc.on('update', (told: Uint8Array, origin: unknown, _doc: Y.Doc, transaction: Y.Transaction) => {
    logged.push(loggedUpdate(told, transaction, origin === update ? { update, runs } : undefined))
  })
  const opening = processorTime(() => Y.applyUpdate(doc, state))
  logged[0] = Y.encodeStateAsUpdate(doc)
  logged.length = 1
  let spent: number
  allow(BESIDE + 2 * applyMs)
  try {
    spent = processorTime(() => Y.applyUpdate(doc, update, update))
    if (spent > applyMs) return { problem: `it takes ${Math.round(spent)} ms to apply` }
  } catch {
    return { problem: 'it cannot be applied' }
  }
  // From here on it is encoded, and opened again some times.
  allow(4 * BESIDE + 20 * (opening + spent))
  // What could not be integrated is dropped when it is applied in earnest.
  dropPending(doc)
  const { problem } = reopens(encodedOf(doc))
  if (problem !== undefined) return { problem }
  if (!isFoldOf(logged, doc)) return { problem: 'the document and its log would not be the same' }
  const depth = depthOfDocument(doc)
  if (depth > DOCUMENT.depth) return { problem: `its types are nested ${depth} deep` }
  if (doc.share.size > DOCUMENT.roots) return { problem: 'the document has too many roots' }
  return FINE
}

function fold(afresh: boolean, updates: readonly Uint8Array[]): Answer {
  if (afresh) {
    folded.destroy()
    folded = new Y.Doc()
  }
  for (const [at, update] of updates.entries()) {
    try {
      Y.applyUpdate(folded, update)
    } catch (error) {
      return { at, problem: `cannot be applied (${error instanceof Error ? error.message : String(error)})` }
    }
    if (hasPending(folded)) return { at, problem: 'builds on one that is not in the log' }
  }
  return FINE
}

/** A document that is encoded, and how far the one goes that it was made of. */
interface Encoded {
  readonly state: Uint8Array
  readonly vector: Uint8Array
}

/** Undefined where it cannot be encoded. */
function encodedOf(doc: Y.Doc): Encoded | undefined {
  try {
    return { state: Y.encodeStateAsUpdate(doc), vector: Y.encodeStateVector(doc) }
  } catch {
    return undefined
  }
}

/** Lets go of what was folded. Whoever calls this must not hold it: what a function has at hand is not collected. */
function encodedFold(): Encoded | undefined {
  const encoded = encodedOf(folded)
  folded = new Y.Doc()
  return encoded
}

/** Opens it again; somebody who does must have all of it, and be able to write. */
function reopens(encoded: Encoded | undefined): Answer {
  try {
    if (encoded === undefined) return STUCK
    const again = new Y.Doc()
    Y.applyUpdate(again, encoded.state)
    if (hasPending(again)) return { problem: 'what is encoded of it cannot be opened' }
    if (!isDeepStrictEqual(Y.encodeStateVector(again), encoded.vector)) {
      return { problem: 'what is encoded of it is not all of it' }
    }
    again.getText(SCRATCH).insert(0, 'x')
    return FINE
  } catch {
    return STUCK
  }
}

/** Whether a state is the same document: the same structs, the same deletions, the same content in every type. */
function holds(state: Uint8Array, doc: Y.Doc): boolean {
  const other = opened(state)
  return (
    Y.equalSnapshots(Y.snapshot(other), Y.snapshot(doc)) &&
    isDeepStrictEqual(Y.encodeStateAsUpdate(other), reopened(Y.encodeStateAsUpdate(doc)))
  )
}

/**
 * Whether those updates make the document, now and whenever it is opened. An item between neighbours that are
 * none has another place in a document that is opened than in one that was there; half a character has gone in
 * one that was there.
 */
function isFoldOf(updates: readonly Uint8Array[], doc: Y.Doc): boolean {
  const once = reopened(Y.encodeStateAsUpdate(doc))
  return (
    isDeepStrictEqual(once, reopened(Y.encodeStateAsUpdate(opened(...updates)))) &&
    isDeepStrictEqual(once, reopened(once))
  )
}

function opened(...updates: readonly Uint8Array[]): Y.Doc {
  const doc = new Y.Doc()
  for (const update of updates) Y.applyUpdate(doc, update)
  return doc
}

/** Opening merges neighbouring structs: two encodings can only be compared when both have been through it. */
const reopened = (state: Uint8Array): Uint8Array => Y.encodeStateAsUpdate(opened(state))

/** Of this thread: the clock on the wall would count what else the machine does, and collecting garbage counts double. */
function processorTime(act: () => void): number {
  const start = process.threadCpuUsage()
  act()
  const { user, system } = process.threadCpuUsage(start)
  return (user + system) / 1000
}

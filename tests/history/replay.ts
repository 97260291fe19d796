import * as Y from 'yjs'
import type { HistoryEntry } from '../../server/history/positions/history-document.ts'

/** What the log's first `seq` entries make, by replaying them: nothing of the history is used. */
export function replay(entries: readonly HistoryEntry[], seq: number): Y.Doc {
  const doc = new Y.Doc()
  // In one local transaction, or Yjs would tidy up formats by itself and delete what the log has not deleted yet.
  doc.transact(() => {
    for (const { bytes } of entries.slice(0, seq)) Y.applyUpdate(doc, bytes)
  })
  return doc
}

/** The same at each of these positions, in their order: one replay that goes on, in transactions as long as it can. */
export function* replays(
  entries: readonly HistoryEntry[],
  seqs: Iterable<number>,
): Generator<{ readonly seq: number; readonly doc: Y.Doc }> {
  const doc = new Y.Doc()
  let head = 0
  for (const seq of [...new Set(seqs)].toSorted((a, b) => a - b)) {
    doc.transact(() => {
      for (const { bytes } of entries.slice(head, seq)) Y.applyUpdate(doc, bytes)
    })
    head = seq
    yield { seq, doc }
  }
}

/** Everything in a document that somebody could see, read as applications read it. */
export function contentOf(doc: Y.Doc): unknown {
  return {
    content: deltaOf(doc.getText('content')),
    meta: read(doc.getMap('meta')),
    list: read(doc.getArray('list')),
    default: read(doc.getXmlFragment('default')),
  }
}

function read(value: unknown): unknown {
  if (value instanceof Y.Text) return { text: deltaOf(value) }
  if (value instanceof Y.XmlElement) {
    return { tag: value.nodeName, attributes: value.getAttributes(), children: value.toArray().map(read) }
  }
  if (value instanceof Y.XmlFragment) return { children: value.toArray().map(read) }
  if (value instanceof Y.Map) return Object.fromEntries([...value].map(([key, inner]) => [key, read(inner)]))
  if (value instanceof Y.Array) return value.toArray().map(read)
  return value
}

interface Op {
  readonly insert: unknown
  readonly attributes?: unknown
}

/** A text's delta, pieces of the same format joined: where one ends is a matter of who typed it when. */
function deltaOf(text: Y.Text): readonly Op[] {
  const ops: Op[] = []
  for (const { insert, attributes = {} } of text.toDelta() as Op[]) {
    const last = ops.at(-1)
    if (
      typeof last?.insert === 'string' &&
      typeof insert === 'string' &&
      JSON.stringify(last.attributes) === JSON.stringify(attributes)
    ) {
      ops[ops.length - 1] = { insert: last.insert + insert, attributes }
    } else ops.push({ insert, attributes })
  }
  return ops
}

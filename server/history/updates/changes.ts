import { Content, type IdRange, readUpdate } from './structs.ts'

/** What was inserted: text, what is there but no text (marks, elements, values), or what was gone as it came. */
export type InsertedKind = 'text' | 'other' | 'deleted'

interface InsertedRange extends IdRange {
  readonly kind: InsertedKind
  /** UTF-16 code units of text; 0 for all else. */
  readonly text: number
}

/** What one update says it brings and takes; some of it may have been known before. */
export interface Changes {
  readonly inserted: readonly InsertedRange[]
  readonly deleted: readonly IdRange[]
  /** Whether text that it brings has characters of two code units. */
  readonly wide: boolean
}

/**
 * Reads an update's structure; nothing is applied. Neighbouring ranges of one kind are one.
 * @throws where the update cannot be read to its last byte
 */
export function changesOf(update: Uint8Array): Changes {
  const { structs, deleted } = readUpdate(update)
  const inserted: InsertedRange[] = []
  for (const { client, clock, length, content, text } of structs) {
    if (content === Content.skip) continue
    const kind = kindOf(content)
    const last = inserted.at(-1)
    if (last?.client === client && last.kind === kind && last.clock + last.length === clock) {
      inserted[inserted.length - 1] = { ...last, length: last.length + length, text: last.text + text }
    } else inserted.push({ client, clock, length, kind, text })
  }
  return { inserted, deleted, wide: structs.some((struct) => struct.wide) }
}

const kindOf = (content: number): InsertedKind => {
  if (content === Content.text) return 'text'
  return content === Content.gc || content === Content.deleted ? 'deleted' : 'other'
}

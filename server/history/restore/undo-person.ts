import * as Y from 'yjs'
import type { Work } from '../compare/attribution.ts'
import { shownEntry } from '../compare/entry-chain.ts'
import { IdRanges } from '../compare/id-ranges.ts'
import { type SharedType, typesOf } from '../compare/shared-type.ts'
import { type Ids, Overlay, type View } from '../compare/view.ts'

const NONE = new IdRanges()

/**
 * What a document shows without what somebody did in it: what they wrote goes, what they deleted comes back,
 * and everybody else's work stays. So a paragraph of theirs in which others have written stays for the others'
 * words, and what somebody else deleted as well, or set anew, stays as the other left it.
 */
export function without(doc: Y.Doc, now: View, work: Work): View {
  const undone = new Overlay(
    new Overlay(now, { ids: work.deleted, as: now }, NONE),
    { ids: NONE, as: now },
    work.inserted,
  )
  const others = new Others(now, undone, work)
  for (const [, type] of typesOf(doc)) others.look(type)
  return new Overlay(undone, { ids: others.kept, as: now }, others.gone)
}

class Others {
  /** Types that are needed, since others' work is inside them. */
  readonly kept = new IdRanges()
  /** Values that stay away, since somebody else took the key away after them. */
  readonly gone = new IdRanges()
  readonly #now: View
  readonly #undone: View
  readonly #work: Work

  constructor(now: View, undone: View, work: Work) {
    this.#now = now
    this.#undone = undone
    this.#work = work
  }

  /** Whether there is anything in a type, in its list or under its keys, once the work is undone. */
  look(type: SharedType): boolean {
    let something = false
    for (let item = type._start; item !== null; item = item.right) {
      if (this.#lookAt(item)) something = true
    }
    for (const newest of type._map.values()) if (this.#lookAtEntry(newest)) something = true
    return something
  }

  /** Format items alone are nothing: they hold no one's words. */
  #lookAt(item: Y.Item): boolean {
    const { content, id } = item
    if (content instanceof Y.ContentDeleted || content instanceof Y.ContentFormat) return false
    if (!(content instanceof Y.ContentType)) return showsAny(item, this.#undone)
    const inside = this.look(content.type)
    if (has(this.#undone, id)) return true
    const here = has(this.#now, id)
    const keep = inside && (here || has(this.#work.deleted, id))
    if (keep && has(this.#work.inserted, id)) this.kept.add(id.client, id.clock, 1)
    return keep
  }

  #lookAtEntry(newest: Y.Item): boolean {
    const takenByOthers =
      shownEntry(newest, this.#now) === undefined && !has(this.#work.deleted, newest.lastId)
    let something = false
    for (let item: Y.Item | null = newest; item !== null; item = item.left) {
      if (takenByOthers) this.gone.add(item.id.client, item.id.clock, item.length)
      else if (this.#lookAt(item)) something = true
    }
    return something
  }
}

const has = (ids: Ids, { client, clock }: Y.ID): boolean => ids.stretch(client, clock, clock + 1).inside

function showsAny({ id: { client, clock }, length }: Y.Item, view: View): boolean {
  const { inside, end } = view.stretch(client, clock, clock + length)
  return inside || (end < clock + length && view.stretch(client, end, end + 1).inside)
}

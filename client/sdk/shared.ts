import type * as Y from 'yjs'
import { SharedList } from './shared-list.ts'
import { SharedMap } from './shared-map.ts'

/** The maps and lists of a room's document, each made once. */
export class Shared {
  readonly #doc: Y.Doc
  readonly #maps = new Map<string, SharedMap<object>>()
  readonly #lists = new Map<string, SharedList<unknown>>()

  constructor(doc: Y.Doc) {
    this.#doc = doc
  }

  map<T extends object>(name: string): SharedMap<T> {
    const map = this.#maps.get(name) ?? new SharedMap(this.#doc.getMap(name))
    this.#maps.set(name, map)
    // What it holds is what whoever asks says that it is.
    return map as SharedMap<T>
  }

  list<T>(name: string): SharedList<T> {
    const list = this.#lists.get(name) ?? new SharedList(this.#doc.getArray(name))
    this.#lists.set(name, list)
    return list as SharedList<T>
  }
}

import { Extension } from '@tiptap/core'
import type { Node } from '@tiptap/pm/model'
import { Plugin, PluginKey, type PluginView, type Transaction } from '@tiptap/pm/state'
import { Mapping, StepMap } from '@tiptap/pm/transform'
import { Decoration, DecorationSet, type EditorView } from '@tiptap/pm/view'
import { DOCUMENT_FIELDS } from '../../server/protocol.ts'
import { type Threads, threadsOf } from '../sdk/comments/threads.ts'
import type { Anchor } from '../sdk/comments/threads-state.ts'
import { guarded } from '../sdk/guarded.ts'
import type { Room } from '../sdk/room.ts'
import { classOf, type EditorComments, innermost, isMarked } from './comments.ts'

export interface TiptapCommentsOptions {
  readonly room: Room
  /** The Y.XmlFragment that the editor edits. */
  readonly field?: string
  /** The text of this thread was clicked; undefined: some other was. */
  readonly onSelect?: (thread: string | undefined) => void
}

export interface TiptapComments extends EditorComments {
  /** Goes to the editor with those of `tiptapExtensions`. */
  readonly extension: Extension
}

/** Shows the comments of a room in an editor that has `tiptapExtensions` of the same. */
export const tiptapComments = (options: TiptapCommentsOptions): TiptapComments => new Comments(options)

interface Mark {
  readonly thread: string
  readonly class: string
  readonly start: number
  readonly end: number
}

/** What is marked is moved along with each edit, and marked anew only where that is not where it is. */
class Comments implements TiptapComments {
  readonly extension: Extension
  readonly #threads: Threads
  readonly #field: string
  readonly #onSelect: ((thread: string | undefined) => void) | undefined
  readonly #key = new PluginKey<DecorationSet>('synclineComments')
  readonly #listeners = new Set<(what: 'scrolled' | 'moved' | 'selected') => void>()
  /** Those that the extension is in: React may make an editor more than it shows. */
  readonly #views = new Set<EditorView>()
  #active: string | undefined

  constructor({ room, field = DOCUMENT_FIELDS.rich, onSelect }: TiptapCommentsOptions) {
    this.#threads = threadsOf(room)
    this.#field = field
    this.#onSelect = onSelect
    const plugin = () => this.#plugin()
    this.extension = Extension.create({
      name: 'synclineComments',
      addProseMirrorPlugins: () => [plugin()],
    })
  }

  selected(): Anchor | undefined {
    if (this.#view === undefined) return undefined
    const { doc, selection } = this.#view.state
    return this.#threads.anchor(this.#field, textBefore(doc, selection.from), textBefore(doc, selection.to))
  }

  setActive(thread: string | undefined): void {
    if (thread === this.#active) return
    this.#active = thread
    this.#draw()
  }

  reveal(thread: string): void {
    const mark = this.#markOf(thread)
    if (mark === undefined || this.#view === undefined) return
    const { node } = this.#view.domAtPos(mark.from + 1)
    const element = node instanceof Element ? node : node.parentElement
    element?.scrollIntoView({ block: 'nearest' })
  }

  topOf(thread: string): number | undefined {
    return this.#topAt(this.#markOf(thread)?.from)
  }

  selectedTop(): number | undefined {
    const selection = this.#view?.state.selection
    return selection === undefined || selection.empty ? undefined : this.#topAt(selection.head)
  }

  contentTop(): number {
    return this.#view?.dom.getBoundingClientRect().top ?? 0
  }

  onMove(listener: (what: 'scrolled' | 'moved' | 'selected') => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** The one that is shown. */
  get #view(): EditorView | undefined {
    return [...this.#views].find(({ dom }) => dom.isConnected)
  }

  /** For as long as the plugin is in this view. */
  #bind(view: EditorView): PluginView {
    this.#views.add(view)
    const scrolled = (): void => this.#tell('scrolled')
    const moved = (): void => this.#tell('moved')
    const sizes = new ResizeObserver(moved)
    sizes.observe(view.dom)
    // It does not bubble, and which element it is that scrolls is the application's business.
    document.addEventListener('scroll', scrolled, { capture: true, passive: true })
    const draw = (): void => this.#drawIn(view)
    const stops = [this.#threads.subscribe(draw), this.#threads.onPlaces(draw)]
    // Not while it is still being made.
    queueMicrotask(draw)
    return {
      update: ({ state }, before) => {
        if (state.doc !== before.doc) moved()
        if (!state.selection.eq(before.selection)) this.#tell('selected')
      },
      destroy: () => {
        for (const stop of stops) stop()
        sizes.disconnect()
        document.removeEventListener('scroll', scrolled, { capture: true })
        this.#views.delete(view)
      },
    }
  }

  #plugin(): Plugin<DecorationSet> {
    const key = this.#key
    return new Plugin<DecorationSet>({
      key,
      view: (view) => this.#bind(view),
      state: {
        init: () => DecorationSet.empty,
        apply: (transaction, marks) => {
          const drawn: DecorationSet | undefined = transaction.getMeta(key)
          if (drawn !== undefined) return drawn
          return transaction.docChanged ? marks.map(mappingOf(transaction), transaction.doc) : marks
        },
      },
      props: {
        decorations: (state) => key.getState(state),
        handleClick: (view, pos) => {
          const marks = key.getState(view.state)?.find(pos, pos) ?? []
          const hit = innermost(
            marks.map(({ from, to, spec }) => ({ start: from, end: to, thread: spec.thread })),
          )
          this.#onSelect?.(hit?.thread)
          return false
        },
      },
    })
  }

  #draw(): void {
    for (const view of this.#views) this.#drawIn(view)
  }

  #drawIn(view: EditorView): void {
    if (view.isDestroyed || !this.#views.has(view)) return
    const { doc } = view.state
    const marks = this.#marks(doc)
    const shown = new Map(
      this.#key
        .getState(view.state)
        ?.find()
        .map((mark) => [mark.spec.thread, mark] as const) ?? [],
    )
    const same =
      marks.length === shown.size &&
      marks.every(({ thread, start, end, class: name }) => {
        const mark = shown.get(thread)
        return mark?.from === start && mark.to === end && mark.spec.class === name
      })
    if (same) return
    const decorations = marks.map(({ start, end, thread, class: name }) =>
      Decoration.inline(start, end, { class: name, 'data-thread': thread }, { thread, class: name }),
    )
    view.dispatch(
      view.state.tr.setMeta(this.#key, DecorationSet.create(doc, decorations)).setMeta('addToHistory', false),
    )
    this.#tell('moved')
  }

  /** What is to be marked, in positions of ProseMirror. */
  #marks(doc: Node): readonly Mark[] {
    const { places } = this.#threads
    const found = this.#threads.getState().threads.flatMap((thread) => {
      const place = places.get(thread.id)
      if (place?.status !== 'found' || thread.anchor?.type !== this.#field) return []
      return isMarked(thread, this.#active) ? [{ thread: thread.id, start: place.start, end: place.end }] : []
    })
    const positions = positionsOf(
      doc,
      found.flatMap(({ start, end }) => [start, end - 1]),
    )
    return found.flatMap(({ thread, start, end }) => {
      const [from, last] = [positions.get(start), positions.get(end - 1)]
      if (from === undefined || last === undefined) return []
      return [{ thread, class: classOf(thread, this.#active), start: from, end: last + 1 }]
    })
  }

  #markOf(thread: string): Decoration | undefined {
    const state = this.#view?.state
    return state && this.#key.getState(state)?.find(undefined, undefined, (spec) => spec.thread === thread)[0]
  }

  #topAt(position: number | undefined): number | undefined {
    const view = this.#view
    if (view === undefined || position === undefined || position > view.state.doc.content.size)
      return undefined
    return view.coordsAtPos(position).top - view.dom.getBoundingClientRect().top
  }

  #tell(what: 'scrolled' | 'moved' | 'selected'): void {
    for (const listener of [...this.#listeners]) guarded(() => listener(what))
  }
}

/** How many characters of text stand before a position. */
function textBefore(doc: Node, position: number): number {
  let count = 0
  doc.nodesBetween(0, position, (node, at) => {
    if (node.isText) count += Math.min(node.nodeSize, position - at)
  })
  return count
}

/** The positions before these characters, of the text that `textBefore` counts. */
function positionsOf(doc: Node, characters: readonly number[]): ReadonlyMap<number, number> {
  const wanted = [...new Set(characters)].sort((a, b) => a - b)
  const positions = new Map<number, number>()
  let next = 0
  let index = 0
  doc.descendants((node, at) => {
    if (next === wanted.length) return false
    if (!node.isText) return true
    for (let one = wanted[next]; one !== undefined && one < index + node.nodeSize; one = wanted[next]) {
      positions.set(one, at + one - index)
      next += 1
    }
    index += node.nodeSize
    return false
  })
  return positions
}

/**
 * What others write replaces the whole document, as far as ProseMirror is told, and nothing would be left of what is
 * marked: what differs is what was replaced.
 */
function mappingOf({ before, doc, mapping }: Transaction): Mapping {
  const [map] = mapping.maps
  let whole = false
  map?.forEach((from, to) => {
    whole = mapping.maps.length === 1 && from === 0 && to === before.content.size
  })
  if (!whole) return mapping
  const start = before.content.findDiffStart(doc.content)
  const end = before.content.findDiffEnd(doc.content)
  if (start === null || end === null) return new Mapping()
  // Where something was doubled, both ends are found in the same.
  const overlap = Math.max(0, start - Math.min(end.a, end.b))
  return new Mapping([new StepMap([start, end.a + overlap - start, end.b + overlap - start])])
}

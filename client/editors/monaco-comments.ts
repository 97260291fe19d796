import type { editor as Monaco } from 'monaco-editor'
import { DOCUMENT_FIELDS } from '../../server/protocol.ts'
import { type Threads, threadsOf } from '../sdk/comments/threads.ts'
import type { Anchor } from '../sdk/comments/threads-state.ts'
import { guarded } from '../sdk/guarded.ts'
import type { Room } from '../sdk/room.ts'
import { COMMENT_SIGN_CLASS, classOf, type EditorComments, innermost, isMarked } from './comments.ts'
import { type Uneditable, uneditable } from './uneditable.ts'

export interface MonacoCommentsOptions {
  readonly room: Room
  readonly editor: Monaco.IStandaloneCodeEditor
  /** The Y.Text that the editor edits. */
  readonly field?: string
  /** The text of this thread was clicked; undefined: some other was. */
  readonly onSelect?: (thread: string | undefined) => void
}

export interface MonacoComments extends EditorComments {
  dispose(): void
}

/** Shows the comments of a room in an editor that `bindMonaco` has bound to it. */
export const bindMonacoComments = (options: MonacoCommentsOptions): MonacoComments => new Comments(options)

interface Mark {
  readonly thread: string
  readonly active: boolean
  readonly start: number
  readonly end: number
}

/** Monaco moves what is marked along with the text by itself: it is marked anew only where that is not where it is. */
class Comments implements MonacoComments {
  readonly #editor: Monaco.IStandaloneCodeEditor
  readonly #model: Monaco.ITextModel
  readonly #threads: Threads
  readonly #field: string
  readonly #decorations: Monaco.IEditorDecorationsCollection
  readonly #listeners = new Set<(what: 'scrolled' | 'moved' | 'selected') => void>()
  readonly #stops: (() => void)[] = []
  /** Places in such a text are others in the editor. */
  readonly #misfit: Uneditable
  #marks: readonly Mark[] = []
  #active: string | undefined

  constructor({ room, editor, field = DOCUMENT_FIELDS.code, onSelect }: MonacoCommentsOptions) {
    const model = editor.getModel()
    if (model === null) throw new Error('bindMonacoComments() needs an editor with a model')
    this.#editor = editor
    this.#model = model
    this.#threads = threadsOf(room)
    this.#field = field
    this.#misfit = uneditable({ room, field })
    this.#decorations = editor.createDecorationsCollection()
    const events = [
      editor.onMouseDown(({ target: { position } }) => {
        if (position !== null) onSelect?.(this.#at(model.getOffsetAt(position)))
      }),
      editor.onDidChangeCursorSelection(() => this.#tell('selected')),
      editor.onDidScrollChange(() => this.#tell('scrolled')),
      editor.onDidLayoutChange(() => this.#tell('moved')),
      editor.onDidContentSizeChange(() => this.#tell('moved')),
      model.onDidChangeContent(() => this.#tell('moved')),
    ]
    this.#stops.push(
      this.#threads.subscribe(() => this.#draw()),
      this.#threads.onPlaces(() => this.#draw()),
      this.#misfit.subscribe(() => this.#draw()),
      ...events.map((event) => () => event.dispose()),
    )
    this.#draw()
  }

  selected(): Anchor | undefined {
    const selection = this.#selection()
    if (selection === null) return undefined
    const start = this.#model.getOffsetAt(selection.getStartPosition())
    return this.#threads.anchor(this.#field, start, this.#model.getOffsetAt(selection.getEndPosition()))
  }

  setActive(thread: string | undefined): void {
    if (thread === this.#active) return
    this.#active = thread
    this.#draw()
  }

  reveal(thread: string): void {
    const range = this.#rangeOf(thread)
    if (range !== undefined) this.#editor.revealRangeInCenterIfOutsideViewport(range)
  }

  topOf(thread: string): number | undefined {
    const range = this.#rangeOf(thread)
    return range === undefined
      ? undefined
      : this.#editor.getTopForPosition(range.startLineNumber, range.startColumn)
  }

  selectedTop(): number | undefined {
    const selection = this.#selection()
    if (selection === null || selection.isEmpty()) return undefined
    return this.#editor.getTopForPosition(selection.positionLineNumber, selection.positionColumn)
  }

  contentTop(): number {
    return (this.#editor.getDomNode()?.getBoundingClientRect().top ?? 0) - this.#editor.getScrollTop()
  }

  onMove(listener: (what: 'scrolled' | 'moved' | 'selected') => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  dispose(): void {
    for (const stop of this.#stops.splice(0)) stop()
    this.#listeners.clear()
    this.#decorations.clear()
  }

  #selection() {
    return this.#misfit.get() === undefined ? this.#editor.getSelection() : null
  }

  #draw(): void {
    if (this.#model.isDisposed()) return
    const { places } = this.#threads
    const threads = this.#misfit.get() === undefined ? this.#threads.getState().threads : []
    const marks = threads.flatMap((thread): readonly Mark[] => {
      const place = places.get(thread.id)
      if (place?.status !== 'found' || thread.anchor?.type !== this.#field) return []
      if (!isMarked(thread, this.#active)) return []
      return [{ thread: thread.id, active: thread.id === this.#active, start: place.start, end: place.end }]
    })
    if (this.#shows(marks)) return
    this.#marks = marks
    this.#decorations.set(marks.map((mark) => this.#decorationOf(mark)))
    this.#tell('moved')
  }

  #shows(marks: readonly Mark[]): boolean {
    if (marks.length !== this.#marks.length) return false
    return marks.every(({ thread, active, start, end }, at) => {
      const shown = this.#marks[at]
      const range = this.#decorations.getRange(at)
      return (
        shown?.thread === thread &&
        shown.active === active &&
        range !== null &&
        this.#model.getOffsetAt(range.getStartPosition()) === start &&
        this.#model.getOffsetAt(range.getEndPosition()) === end
      )
    })
  }

  #decorationOf({ thread, start, end }: Mark): Monaco.IModelDeltaDecoration {
    const [from, to] = [this.#model.getPositionAt(start), this.#model.getPositionAt(end)]
    return {
      range: {
        startLineNumber: from.lineNumber,
        startColumn: from.column,
        endLineNumber: to.lineNumber,
        endColumn: to.column,
      },
      options: {
        inlineClassName: classOf(thread, this.#active),
        firstLineDecorationClassName: COMMENT_SIGN_CLASS,
        stickiness: NEVER_GROWS,
      },
    }
  }

  #rangeOf(thread: string) {
    const at = this.#marks.findIndex((mark) => mark.thread === thread)
    return at === -1 ? undefined : (this.#decorations.getRange(at) ?? undefined)
  }

  #at(offset: number): string | undefined {
    const { places } = this.#threads
    const hit = this.#marks.flatMap(({ thread }) => {
      const place = places.get(thread)
      return place?.status === 'found' && place.start <= offset && offset <= place.end
        ? [{ thread, start: place.start, end: place.end }]
        : []
    })
    return innermost(hit)?.thread
  }

  #tell(what: 'scrolled' | 'moved' | 'selected'): void {
    for (const listener of [...this.#listeners]) guarded(() => listener(what))
  }
}

/** `TrackedRangeStickiness.NeverGrowsWhenTypingAtEdges`; the enum itself would bring all of Monaco. */
const NEVER_GROWS = 1

/**
 * The public entry `syncline/monaco`. y-monaco imports `monaco-editor/esm/vs/editor/editor.api.js`, which newer
 * versions of Monaco call `monaco-editor/editor/editor.api.js`: a bundler needs an alias from one to the other.
 */
import type { editor as Monaco } from 'monaco-editor'
import { MonacoBinding } from 'y-monaco'
import type { Awareness } from 'y-protocols/awareness'
import * as Y from 'yjs'
import { DOCUMENT_FIELDS } from '../../server/protocol.ts'
import type { Room } from '../sdk/room.ts'
import { CARET_RULES, caretRules, headIndex } from './carets.ts'
import { type TextForm, textForm, whyNot } from './uneditable.ts'

export type { EditorComments } from './comments.ts'
export { bindMonacoComments, type MonacoComments, type MonacoCommentsOptions } from './monaco-comments.ts'
export { type Uneditable, type UneditableOptions, uneditable, type WhyUneditable } from './uneditable.ts'

export interface MonacoOptions {
  readonly room: Room
  readonly editor: Monaco.IStandaloneCodeEditor
  /** The Y.Text that the editor edits. */
  readonly field?: string
}

/** What Monaco's own undo command calls, whether from a key, a menu or the palette; not in its declarations. */
interface Undoable {
  undo?: () => void
  redo?: () => void
}

/** `EndOfLineSequence`; the enum itself would bring all of Monaco. */
const [LF, CRLF] = [0, 1]

/**
 * Binds the editor's model to the room, with everybody's carets and an undo that takes back only one's own
 * changes. The model's text is replaced by the room's. While the room has a text that Monaco cannot edit (`uneditable()`
 * says why), it is shown to be read. Returns what takes it all down again.
 */
export const bindMonaco = ({ room, editor, field = DOCUMENT_FIELDS.code }: MonacoOptions): (() => void) => {
  const model = editor.getModel()
  if (model === null) throw new Error('bindMonaco() needs an editor with a model')
  const text = room.doc.getText(field)
  const form = textForm(text)
  const use = (): (() => void) =>
    whyNot(form.get()) === undefined ? edit(room, editor, model, text, form.get()) : show(model, text)
  // Observers are called in the order in which they came: the binding's comes after this one.
  const stopLooking = form.subscribe(() => {
    stop()
    stop = use()
  })
  let stop = use()
  const freeOptions = followReadOnly(room, editor, form)
  let bound = true

  const dispose = (): void => {
    if (!bound) return
    bound = false
    closing.dispose()
    stopLooking()
    freeOptions()
    stop()
  }
  const closing = model.onWillDispose(dispose)
  return dispose
}

const edit = (
  room: Room,
  editor: Monaco.IStandaloneCodeEditor,
  model: Monaco.ITextModel,
  text: Y.Text,
  form: TextForm,
): (() => void) => {
  // Before anybody listens: y-monaco takes other line ends for a text that was written anew.
  fill(model, text, form)
  const awareness = guarded(room.awareness, text)
  const binding = new MonacoBinding(text, model, new Set([editor]), awareness.guard)
  // Of its own it shows those who are here already when the first of them moves.
  binding._rerenderDecorations()
  const takeUndoBack = ownUndo(model as Undoable, text, binding)
  const dropCarets = showCarets(room, text, model)
  return () => {
    takeUndoBack()
    dropCarets()
    awareness.stop()
    binding.destroy()
    // Yjs calls an observer that is taken away while the observers are called.
    binding.mux = () => undefined
    if (!model.isDisposed()) model.deltaDecorations(caretDecorations(model), [])
  }
}

const show = (model: Monaco.ITextModel, text: Y.Text): (() => void) => {
  let shown = true
  const follow = (): void => {
    if (shown) fill(model, text, 'lf')
  }
  follow()
  text.observe(follow)
  return () => {
    shown = false
    text.unobserve(follow)
  }
}

/** What differs is replaced; carets and what is on the screen stay where they are. */
const fill = (model: Monaco.ITextModel, text: Y.Text, form: TextForm): void => {
  // What is put in behind a caret moves it: the first time there is none to keep.
  if (model.getValueLength() === 0) model.setValue(text.toString())
  // A model without lines has the line ends of this machine.
  model.setEOL(form === 'crlf' ? CRLF : LF)
  const wanted = text
    .toString()
    .replace(/^\ufeff/, '')
    .replaceAll(/\r\n?|\n/g, model.getEOL())
  const had = model.getValue()
  if (had === wanted) return
  const shorter = Math.min(wanted.length, had.length)
  let start = 0
  while (start < shorter && wanted[start] === had[start]) start += 1
  let same = 0
  while (same < shorter - start && wanted.at(-1 - same) === had.at(-1 - same)) same += 1
  const [from, to] = [model.getPositionAt(start), model.getPositionAt(had.length - same)]
  const range = {
    startLineNumber: from.lineNumber,
    startColumn: from.column,
    endLineNumber: to.lineNumber,
    endColumn: to.column,
  }
  model.applyEdits([{ range, text: wanted.slice(start, wanted.length - same) }])
}

const caretDecorations = (model: Monaco.ITextModel): string[] =>
  model
    .getAllDecorations()
    .filter(({ options }) => options.className?.startsWith('yRemoteSelection') === true)
    .map(({ id }) => id)

/**
 * The awareness that y-monaco sees: without states that it would throw on, and deaf once the binding is gone,
 * because it leaves a listener on the editor.
 */
const guarded = (
  awareness: Awareness,
  text: Y.Text,
): { readonly guard: Awareness; readonly stop: () => void } => {
  let live = true
  const guard: Awareness = Object.create(awareness, {
    getStates: {
      value: () =>
        new Map(
          [...awareness.getStates()].filter(([, state]) => live && headIndex(state, text) !== undefined),
        ),
    },
    setLocalStateField: {
      value: (field: string, value: unknown) => {
        if (live) awareness.setLocalStateField(field, value)
      },
    },
  })
  const stop = (): void => {
    live = false
    awareness.setLocalStateField('selection', null)
  }
  return { guard, stop }
}

/** Monaco's undo knows offsets only, and would take back what others wrote meanwhile. */
const ownUndo = (model: Undoable, text: Y.Text, binding: MonacoBinding): (() => void) => {
  const manager = new Y.UndoManager(text, { trackedOrigins: new Set([binding]) })
  model.undo = () => void manager.undo()
  model.redo = () => void manager.redo()
  return () => {
    // They hid the methods of the model's class.
    delete model.undo
    delete model.redo
    manager.destroy()
  }
}

const showCarets = (room: Room, text: Y.Text, model: Monaco.ITextModel): (() => void) => {
  const style = document.createElement('style')
  document.head.append(style)
  const draw = (): void => {
    let rules = CARET_RULES
    for (const [client, state] of room.awareness.getStates()) {
      const head = client === room.doc.clientID ? undefined : headIndex(state, text)
      // Above the first line there is no room for a name.
      if (head !== undefined) rules += caretRules(client, state, model.getPositionAt(head).lineNumber === 1)
    }
    if (style.textContent !== rules) style.textContent = rules
  }
  draw()
  room.awareness.on('change', draw)
  return () => {
    room.awareness.off('change', draw)
    style.remove()
  }
}

/** An editor that was made read-only by its application stays so. */
const followReadOnly = (
  room: Room,
  editor: Monaco.IStandaloneCodeEditor,
  form: ReturnType<typeof textForm>,
): (() => void) => {
  let closed = false
  const follow = (): void => {
    const readOnly = room.readOnly || whyNot(form.get()) !== undefined
    if (readOnly === closed || (readOnly && editor.getRawOptions().readOnly === true)) return
    closed = readOnly
    editor.updateOptions({ readOnly })
  }
  follow()
  const stops = [room.subscribe(follow), form.subscribe(follow), refuseTyping(editor)]
  return () => {
    for (const stop of stops) stop()
    if (closed) editor.updateOptions({ readOnly: false })
  }
}

/**
 * Monaco refuses what is typed into a read-only editor when the browser's edit context has taken it already, and forgets to
 * take it out again: once writing is allowed, the next key deletes what is before the caret.
 */
const refuseTyping = (editor: Monaco.IStandaloneCodeEditor): (() => void) => {
  const host = editor.getContainerDomNode()
  const refuse = (event: InputEvent): void => {
    if (editor.getRawOptions().readOnly !== true || !isEditContext(event.target)) return
    event.preventDefault()
    event.stopPropagation()
    // It says that nothing can be written here.
    editor.trigger('keyboard', 'type', { text: event.data ?? '' })
  }
  host.addEventListener('beforeinput', refuse, true)
  return () => host.removeEventListener('beforeinput', refuse, true)
}

/** Not what is typed to find something. */
const isEditContext = (target: EventTarget | null): boolean =>
  target instanceof Element && target.classList.contains('native-edit-context')

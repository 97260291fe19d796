/**
 * The public entry `syncline/monaco`. y-monaco imports `monaco-editor/esm/vs/editor/editor.api.js`, which newer
 * versions of Monaco call `monaco-editor/editor/editor.api.js`: a bundler needs an alias from one to the other.
 */
import type { IDisposable, editor as Monaco, Selection } from 'monaco-editor'
import { MonacoBinding } from 'y-monaco'
import type { Awareness } from 'y-protocols/awareness'
import * as Y from 'yjs'
import { DOCUMENT_FIELDS } from '../../server/protocol.ts'
import type { Room } from '../sdk/room.ts'
import { CARET_RULES, caretRules, headIndex } from './carets.ts'
import { followReadOnly } from './monaco-read-only.ts'
import { fill, partsPairs, show } from './monaco-text.ts'
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
  const bind = (): (() => void) =>
    whyNot(form.get()) === undefined ? edit(room, editor, model, text, form.get()) : show(model, text)
  const bindAnew = (): void => {
    stop()
    stop = bind()
    undo.stopCapturing()
  }
  // Observers are called in the order in which they came: the binding's comes after these.
  const stopLooking = form.subscribe(bindAnew)
  const part = (event: Y.YTextEvent): void => {
    if (!(event.transaction.origin instanceof MonacoBinding) && partsPairs(model, event)) bindAnew()
  }
  text.observe(part)
  const undo = new Y.UndoManager(text, { trackedOrigins: new Set([MonacoBinding]) })
  const takeUndoBack = ownUndo(model as Undoable, undo)
  let stop = bind()
  const freeOptions = followReadOnly(room, editor, form)
  let bound = true

  const dispose = (): void => {
    if (!bound) return
    bound = false
    closing.dispose()
    stopLooking()
    text.unobserve(part)
    takeUndoBack()
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
  const listening = editorFor(editor)
  const binding = new MonacoBinding(text, model, new Set([listening.editor]), awareness.guard)
  // Of its own it shows those who are here already when the first of them moves.
  binding._rerenderDecorations()
  const dropCarets = showCarets(room, text, model)
  return () => {
    dropCarets()
    listening.stop()
    awareness.stop()
    binding.destroy()
    // Yjs calls an observer that is taken away while the observers are called.
    binding.mux = () => undefined
    if (!model.isDisposed()) model.deltaDecorations(caretDecorations(model), [])
  }
}

const caretDecorations = (model: Monaco.ITextModel): string[] =>
  model
    .getAllDecorations()
    .filter(({ options }) => options.className?.startsWith('yRemoteSelection') === true)
    .map(({ id }) => id)

/** What y-monaco needs of the editor. Of its own, it would leave a listener there for good. */
const editorFor = (editor: Monaco.IStandaloneCodeEditor) => {
  const listeners: IDisposable[] = []
  const seen: Pick<Monaco.IStandaloneCodeEditor, ToBind> = {
    getModel: () => editor.getModel(),
    getSelection: () => editor.getSelection(),
    setSelection: (selection: Selection) => editor.setSelection(selection),
    deltaDecorations: (old, made) => editor.deltaDecorations(old, made),
    onDidChangeCursorSelection: (listener) => {
      const heard = editor.onDidChangeCursorSelection(listener)
      listeners.push(heard)
      return heard
    },
  }
  return {
    editor: seen as Monaco.IStandaloneCodeEditor,
    stop: () => {
      for (const listener of listeners) listener.dispose()
    },
  }
}

type ToBind = 'getModel' | 'getSelection' | 'setSelection' | 'deltaDecorations' | 'onDidChangeCursorSelection'

/** The awareness that y-monaco sees: without states that it would throw on, and empty once the binding is gone. */
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
  })
  const stop = (): void => {
    live = false
    awareness.setLocalStateField('selection', null)
  }
  return { guard, stop }
}

/** Monaco's undo knows offsets only, and would take back what others wrote meanwhile. */
const ownUndo = (model: Undoable, manager: Y.UndoManager): (() => void) => {
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

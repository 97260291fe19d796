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

export type { EditorComments } from './comments.ts'
export { bindMonacoComments, type MonacoComments, type MonacoCommentsOptions } from './monaco-comments.ts'

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

const LF = 0

/**
 * Binds the editor's model to the room, with everybody's carets and an undo that takes back only one's own
 * changes. The model's text is replaced by the room's. Returns what takes it all down again.
 */
export const bindMonaco = ({ room, editor, field = DOCUMENT_FIELDS.code }: MonacoOptions): (() => void) => {
  const model = editor.getModel()
  if (model === null) throw new Error('bindMonaco() needs an editor with a model')
  const text = room.doc.getText(field)
  const awareness = guarded(room.awareness, text)
  const binding = new MonacoBinding(text, model, new Set([editor]), awareness.guard)
  // Of its own it shows those who are here already when the first of them moves.
  binding._rerenderDecorations()
  // Windows' line ends would count as two characters here and one elsewhere; a text that has them keeps them.
  if (!text.toString().includes('\r')) model.setEOL(LF)

  const takeUndoBack = ownUndo(model as Undoable, text, binding)
  const dropCarets = showCarets(room, text, model)
  const freeOptions = followReadOnly(room, editor)
  let bound = true

  const dispose = (): void => {
    if (!bound) return
    bound = false
    closing.dispose()
    takeUndoBack()
    dropCarets()
    freeOptions()
    awareness.stop()
    binding.destroy()
    if (!model.isDisposed()) model.deltaDecorations(caretDecorations(model), [])
  }
  const closing = model.onWillDispose(dispose)
  return dispose
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
        new Map([...awareness.getStates()].filter(([, state]) => headIndex(state, text) !== undefined)),
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
const followReadOnly = (room: Room, editor: Monaco.IStandaloneCodeEditor): (() => void) => {
  let closed = false
  const follow = (): void => {
    const { readOnly } = room
    if (readOnly === closed || (readOnly && editor.getRawOptions().readOnly === true)) return
    closed = readOnly
    editor.updateOptions({ readOnly })
  }
  follow()
  const stop = room.subscribe(follow)
  return () => {
    stop()
    if (closed) editor.updateOptions({ readOnly: false })
  }
}

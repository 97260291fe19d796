import type { editor as Monaco } from 'monaco-editor'
import type { Room } from '../sdk/room.ts'
import { type Form, whyNot } from './uneditable.ts'

/**
 * Nobody types into an editor whose room may not be written, or whose text Monaco cannot hold, also if the application
 * allows it. An editor that was made read-only by its application stays so.
 */
export const followReadOnly = (
  room: Room,
  editor: Monaco.IStandaloneCodeEditor,
  form: Form,
): (() => void) => {
  let closed = false
  let before = isReadOnly(editor)
  const follow = (): void => {
    const readOnly = room.readOnly || whyNot(form.get()) !== undefined
    if (readOnly ? isReadOnly(editor) : !closed) return
    closed = readOnly
    editor.updateOptions({ readOnly })
  }
  const configured = editor.onDidChangeConfiguration(() => {
    const opened = before && !isReadOnly(editor)
    before = isReadOnly(editor)
    follow()
    if (opened && !isReadOnly(editor)) renewEditContext(editor)
  })
  follow()
  const stops = [room.subscribe(follow), form.subscribe(follow), () => configured.dispose()]
  return () => {
    for (const stop of stops) stop()
    if (closed) editor.updateOptions({ readOnly: false })
  }
}

const isReadOnly = (editor: Monaco.IStandaloneCodeEditor): boolean => editor.getRawOptions().readOnly === true

/**
 * What is typed into a read-only editor Monaco refuses when the browser's edit context has taken it already, and forgets to take
 * it out of there: once writing is allowed, the next key would delete what is before the caret. A new one knows nothing of it.
 */
const renewEditContext = (editor: Monaco.IStandaloneCodeEditor): void => {
  if (editor.getRawOptions().editContext === false) return
  for (const editContext of [false, true]) editor.updateOptions({ editContext })
}

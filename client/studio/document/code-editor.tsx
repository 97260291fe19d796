import { NativeSelect, useComputedColorScheme } from '@mantine/core'
import type { editor as Monaco } from 'monaco-editor'
import { useEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react'
import * as Y from 'yjs'
import { bindMonaco, bindMonacoComments, uneditable } from '../../editors/monaco.ts'
import { positionIn } from '../../editors/positions.ts'
import type { Room } from '../../sdk/index.ts'
import type { Commenting } from '../comments/use-commenting.ts'
import { LANGUAGES, languageOf } from '../languages.ts'
import type { Follow } from './follow.ts'
import { EDITOR_OPTIONS, monaco } from './monaco.ts'
import { UneditableNotice } from './uneditable-notice.tsx'
import { setMeta } from './use-meta.ts'

interface CodeEditorProps {
  readonly room: Room
  readonly readOnly: boolean
  readonly language: string | undefined
  readonly follow: { current: Follow | undefined }
  readonly focus: boolean
  readonly commenting: Pick<Commenting, 'select' | 'setEditor'>
}

export function CodeEditor({ room, readOnly, language, follow, focus, commenting }: CodeEditorProps) {
  const { select, setEditor: setCommented } = commenting
  const host = useRef<HTMLDivElement>(null)
  const [editor, setEditor] = useState<Monaco.IStandaloneCodeEditor>()
  const misfit = useMemo(() => uneditable({ room }), [room])
  const why = useSyncExternalStore(misfit.subscribe, misfit.get)
  const shown = languageOf(language)
  const dark = useComputedColorScheme('light') === 'dark'

  useEffect(() => {
    if (host.current === null) return
    const model = monaco.editor.createModel('')
    const made = monaco.editor.create(host.current, { ...EDITOR_OPTIONS, model })
    const unbind = bindMonaco({ room, editor: made })
    const comments = bindMonacoComments({ room, editor: made, onSelect: select })
    setEditor(made)
    setCommented(comments)
    return () => {
      setEditor(undefined)
      setCommented(undefined)
      comments.dispose()
      unbind()
      made.dispose()
      model.dispose()
    }
  }, [room, select, setCommented])

  useEffect(() => {
    if (focus) editor?.focus()
  }, [editor, focus])

  useEffect(() => {
    editor?.updateOptions({ readOnly: readOnly || why !== undefined })
  }, [editor, readOnly, why])

  useEffect(() => {
    const model = editor?.getModel()
    if (model) monaco.editor.setModelLanguage(model, shown)
  }, [editor, shown])

  useEffect(() => {
    monaco.editor.setTheme(dark ? 'vs-dark' : 'vs')
  }, [dark])

  useEffect(() => {
    if (editor === undefined) return
    follow.current = (clients) => {
      // Elsewhere in the text than in the editor.
      if (misfit.get() === undefined) reveal(editor, room, clients)
    }
    return () => {
      follow.current = undefined
    }
  }, [editor, room, follow, misfit])

  return (
    <div className="code">
      <div className="code-bar">
        <NativeSelect
          size="xs"
          variant="unstyled"
          aria-label="Language"
          disabled={readOnly}
          value={shown}
          onChange={(event) => setMeta(room.doc, 'language', event.currentTarget.value)}
          data={LANGUAGES.map(({ id, label }) => ({ value: id, label }))}
        />
      </div>
      {readOnly || why === undefined ? null : <UneditableNotice why={why} onMend={misfit.mend} />}
      <div className="code-host" ref={host} />
    </div>
  )
}

function reveal(editor: Monaco.IStandaloneCodeEditor, room: Room, clients: readonly number[]): void {
  const model = editor.getModel()
  if (model === null) return
  for (const client of clients) {
    const head = positionIn(room.doc, room.awareness.getStates().get(client)?.selection?.head)
    if (head === undefined) continue
    const place = Y.createAbsolutePositionFromRelativePosition(head, room.doc)
    if (place === null) continue
    editor.revealPositionInCenterIfOutsideViewport(model.getPositionAt(place.index))
    return
  }
}

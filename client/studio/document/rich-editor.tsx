import { RichTextEditor } from '@mantine/tiptap'
import { Link } from '@tiptap/extension-link'
import { type Editor, type Extensions, useEditor } from '@tiptap/react'
import StarterKit from '@tiptap/starter-kit'
import { relativePositionToAbsolutePosition, ySyncPluginKey } from '@tiptap/y-tiptap'
import { type ComponentProps, useEffect, useMemo, useSyncExternalStore } from 'react'
import { positionIn } from '../../editors/positions.ts'
import { foreignContent, tiptapComments, tiptapExtensions } from '../../editors/tiptap.ts'
import type { Room } from '../../sdk/index.ts'
import type { Commenting } from '../comments/use-commenting.ts'
import type { Follow } from './follow.ts'
import { Foreign } from './foreign.tsx'

interface RichEditorProps {
  readonly room: Room
  readonly readOnly: boolean
  readonly follow: { current: Follow | undefined }
  readonly focus: boolean
  readonly commenting: Pick<Commenting, 'select' | 'setEditor'>
}

/**
 * A link is its address and nothing else: what else a document may say of one, such as where it opens or what it
 * looks like, others wrote. Addresses that run as scripts are refused by the extension itself.
 */
const SafeLink = Link.extend({
  addAttributes() {
    const { href } = this.parent?.() ?? {}
    return href === undefined ? {} : { href }
  },
  extendMarkSchema: ({ name }) => (name === 'link' ? { dropsAttributes: true } : {}),
})

/** All that the editor knows; what a document has beside it, it would delete. */
const CONTENT: Extensions = [
  // The shared document has an undo of its own; a click on a link is there to edit it. Whoever opens a document has written
  // nothing, so no paragraph is put at its end: from a code block, the arrow down leads out.
  StarterKit.configure({ undoRedo: false, trailingNode: false, link: false }),
  SafeLink.configure({ openOnClick: false }),
]

export function RichEditor(props: RichEditorProps) {
  const { room, readOnly } = props
  const foreign = useMemo(() => foreignContent({ room, extensions: CONTENT }), [room])
  const name = useSyncExternalStore(foreign.subscribe, foreign.get)
  return name === undefined ? <Editing {...props} /> : <Foreign room={room} readOnly={readOnly} name={name} />
}

function Editing({ room, readOnly, follow, focus, commenting }: RichEditorProps) {
  const { select, setEditor } = commenting
  const comments = useMemo(() => tiptapComments({ room, onSelect: select }), [room, select])
  const editor = useEditor(
    {
      autofocus: focus,
      extensions: [...CONTENT, ...tiptapExtensions({ room }), comments.extension],
      editorProps: {
        // Tiptap gives it its role once, and takes it away with any change of its options, as of who may write.
        attributes: {
          role: 'textbox',
          'aria-multiline': 'true',
          'aria-label': 'Text of the document',
          class: 'rich-text',
        },
      },
    },
    [room, comments],
  )

  useEffect(() => {
    setEditor(comments)
    return () => setEditor(undefined)
  }, [comments, setEditor])

  useEffect(() => {
    editor?.setEditable(!readOnly)
  }, [editor, readOnly])

  useEffect(() => {
    if (editor === null) return
    follow.current = (clients) => reveal(editor, room, clients)
    return () => {
      follow.current = undefined
    }
  }, [editor, room, follow])

  return (
    <RichTextEditor editor={forMantine(editor)} className="rich" variant="subtle" withTypographyStyles>
      {readOnly ? null : <Toolbar />}
      <div className="rich-scroll">
        <RichTextEditor.Content />
      </div>
    </RichTextEditor>
  )
}

type MantineEditor = ComponentProps<typeof RichTextEditor>['editor']

/** The same class; Mantine's declarations reach it through Tiptap's CommonJS half, which TypeScript takes for another. */
const forMantine = (editor: Editor | null): MantineEditor => editor as unknown as MantineEditor

function Toolbar() {
  return (
    <RichTextEditor.Toolbar className="rich-toolbar" role="toolbar" aria-label="Formatting">
      <RichTextEditor.ControlsGroup>
        <RichTextEditor.Bold />
        <RichTextEditor.Italic />
        <RichTextEditor.Underline />
        <RichTextEditor.Strikethrough />
        <RichTextEditor.Code />
      </RichTextEditor.ControlsGroup>
      <RichTextEditor.ControlsGroup>
        <RichTextEditor.H1 />
        <RichTextEditor.H2 />
        <RichTextEditor.H3 />
      </RichTextEditor.ControlsGroup>
      <RichTextEditor.ControlsGroup>
        <RichTextEditor.BulletList />
        <RichTextEditor.OrderedList />
        <RichTextEditor.Blockquote />
        <RichTextEditor.CodeBlock />
        <RichTextEditor.Hr />
      </RichTextEditor.ControlsGroup>
      <RichTextEditor.ControlsGroup>
        <RichTextEditor.Link />
        <RichTextEditor.Unlink />
      </RichTextEditor.ControlsGroup>
      <RichTextEditor.ControlsGroup>
        <RichTextEditor.Undo />
        <RichTextEditor.Redo />
      </RichTextEditor.ControlsGroup>
    </RichTextEditor.Toolbar>
  )
}

function reveal(editor: Editor, room: Room, clients: readonly number[]): void {
  const binding = ySyncPluginKey.getState(editor.state)
  if (!binding?.binding) return
  for (const client of clients) {
    const head = positionIn(room.doc, room.awareness.getStates().get(client)?.cursor?.head)
    if (head === undefined) continue
    const position = relativePositionToAbsolutePosition(room.doc, binding.type, head, binding.binding.mapping)
    if (position === null) continue
    const { node } = editor.view.domAtPos(position)
    const element = node instanceof Element ? node : node.parentElement
    element?.scrollIntoView({ block: 'center', behavior: 'smooth' })
    return
  }
}

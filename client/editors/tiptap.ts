/** The public entry `syncline/tiptap`. */
import { type Editor, Extension, type Extensions } from '@tiptap/core'
import { CollaborationCaret } from '@tiptap/extension-collaboration-caret'
import { DOCUMENT_FIELDS } from '../../server/protocol.ts'
import { userIn } from '../sdk/people.ts'
import type { Room } from '../sdk/room.ts'
import { CarefulCollaboration } from './careful-collaboration.ts'
import { caretsOnly } from './tiptap-carets.ts'

export type { EditorComments } from './comments.ts'
export { type ForeignContent, type ForeignContentOptions, foreignContent } from './foreign.ts'
export { type TiptapComments, type TiptapCommentsOptions, tiptapComments } from './tiptap-comments.ts'

export interface TiptapOptions {
  readonly room: Room
  /** The Y.XmlFragment that the editor edits. */
  readonly field?: string
}

/**
 * The extensions that make a Tiptap editor one of many on a room. Collaboration brings an undo of its own that
 * takes back only one's own changes, so leave out the other, and the paragraph that StarterKit would write at the end of
 * what is opened: `StarterKit.configure({ undoRedo: false, trailingNode: false })`.
 * Pass no `content`: the room has it, and content given by every browser would be there once for each.
 * What the editor's schema does not know it leaves in the room: see `foreignContent`.
 */
export const tiptapExtensions = ({ room, field = DOCUMENT_FIELDS.rich }: TiptapOptions): Extensions => [
  CarefulCollaboration.configure({ document: room.doc, field }),
  CollaborationCaret.configure({
    // It reads nothing of a provider but this.
    provider: { awareness: caretsOnly(room.awareness, room.doc) },
    render: (user) => caret(user),
    selectionRender: (user) => {
      const known = userIn({ user })
      if (known === undefined) return {}
      return { class: 'collaboration-carets__selection', style: `background-color: ${known.color}33` }
    },
  }),
  followReadOnly(room),
]

/** An editor that was made read-only by its application stays so. */
const followReadOnly = (room: Room): Extension => {
  let closed = false
  const follow = (editor: Editor): void => {
    if (room.readOnly === closed || (room.readOnly && !editor.isEditable)) return
    closed = room.readOnly
    editor.setEditable(!closed, false)
  }
  return Extension.create<object, { stop: () => void }>({
    name: 'synclineReadOnly',
    addStorage: () => ({ stop: () => {} }),
    onCreate() {
      follow(this.editor)
      this.storage.stop = room.subscribe(() => follow(this.editor))
    },
    onDestroy() {
      this.storage.stop()
    },
  })
}

const caret = (user: Readonly<Record<string, unknown>>): HTMLElement => {
  const { name, color } = userIn({ user }) ?? { name: '', color: 'transparent' }
  const line = document.createElement('span')
  line.className = 'collaboration-carets__caret'
  line.style.borderColor = color
  const label = document.createElement('div')
  label.className = 'collaboration-carets__label'
  label.style.backgroundColor = color
  label.textContent = name
  line.append(label)
  return line
}

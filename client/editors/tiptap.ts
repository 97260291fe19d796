/** The public entry `syncline/tiptap`. */
import type { Extensions } from '@tiptap/core'
import { Collaboration } from '@tiptap/extension-collaboration'
import { CollaborationCaret } from '@tiptap/extension-collaboration-caret'
import { DOCUMENT_FIELDS } from '../../server/protocol.ts'
import { userIn } from '../sdk/people.ts'
import type { Room } from '../sdk/room.ts'

export interface TiptapOptions {
  readonly room: Room
  /** The Y.XmlFragment that the editor edits. */
  readonly field?: string
}

/**
 * The extensions that make a Tiptap editor one of many on a room. Collaboration brings an undo of its own that
 * takes back only one's own changes, so leave out the other: `StarterKit.configure({ undoRedo: false })`.
 * Pass no `content`: the room has it, and content given by every browser would be there once for each.
 */
export const tiptapExtensions = ({ room, field = DOCUMENT_FIELDS.rich }: TiptapOptions): Extensions => [
  Collaboration.configure({ document: room.doc, field }),
  CollaborationCaret.configure({
    // It reads nothing of a provider but this.
    provider: { awareness: room.awareness },
    // It announces this as the person's own; the room has already done so, and the two must not differ.
    user: room.awareness.getLocalState()?.user ?? {},
    render: (user) => caret(user),
    selectionRender: (user) => {
      const known = userIn({ user })
      if (known === undefined) return {}
      return { class: 'collaboration-carets__selection', style: `background-color: ${known.color}33` }
    },
  }),
]

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

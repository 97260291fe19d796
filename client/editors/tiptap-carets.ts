import type { Awareness } from 'y-protocols/awareness'
import type * as Y from 'yjs'
import { userIn } from '../sdk/people.ts'
import { selectedIn } from './positions.ts'

/**
 * The awareness that y-tiptap sees. What it throws on, it throws while the editor takes over what others wrote: the editor then has
 * less than the document, and takes that out of it with the next key. So it sees a caret where there is one, of somebody, and no other state.
 * The extension also announces a user of its own on every start; who this is, the room says (`room.setUser`).
 */
export const caretsOnly = (awareness: Awareness, doc: Y.Doc): Awareness =>
  Object.create(awareness, {
    getStates: {
      value: () =>
        new Map(
          [...awareness.getStates()].flatMap(([client, state]) => {
            const [cursor, user] = [selectedIn(doc, state.cursor), userIn(state)]
            return cursor === undefined || user === undefined ? [] : [[client, { cursor, user }]]
          }),
        ),
    },
    getLocalState: {
      value: () => ({ cursor: selectedIn(doc, awareness.getLocalState()?.cursor) }),
    },
    setLocalStateField: {
      value: (field: string, value: unknown) => {
        if (field !== 'user') awareness.setLocalStateField(field, value)
      },
    },
  })

import { Collaboration } from '@tiptap/extension-collaboration'
import type { Schema } from '@tiptap/pm/model'
import { Plugin, type PluginView } from '@tiptap/pm/state'
import { ySyncPluginKey } from '@tiptap/y-tiptap'
import type * as Y from 'yjs'
import { foreignTo } from './foreign.ts'

/**
 * y-tiptap deletes from the shared document what it cannot build a node of. So the editor is bound to it only while there
 * is no such thing, and let go of before y-tiptap is told of one; it then shows what was there before, to be read.
 */
export const CarefulCollaboration = Collaboration.extend({
  addProseMirrorPlugins() {
    const plugins: Plugin[] = this.parent?.() ?? []
    const { document, field = '', fragment } = this.options
    const shared = fragment ?? document?.getXmlFragment(field)
    const sync = plugins.find(({ spec }) => spec.key === ySyncPluginKey)
    if (shared === undefined || sync === undefined) return plugins
    return [...plugins, bindWhileKnown(sync, this.editor.schema, shared)]
  },
})

/** Returns what keeps people from writing into an editor that was let go of. */
function bindWhileKnown({ spec }: Plugin, schema: Schema, fragment: Y.XmlFragment): Plugin {
  const bind = spec.view
  const foreign = foreignTo(schema, fragment)
  let letGo = false
  spec.view = (view) => {
    let bound: PluginView | undefined
    const release = (): void => {
      bound?.destroy?.()
      bound = undefined
      letGo = true
      // Without a binding, carets and undo look for no places in a document that the editor does not show.
      view.dispatch(view.state.tr.setMeta(ySyncPluginKey, { binding: null, isChangeOrigin: true }))
    }
    // Observers are called in the order in which they came: y-tiptap's comes after this one.
    const stop = foreign.subscribe(() => {
      if (!letGo) release()
    })
    letGo = false
    if (foreign.get() === undefined) bound = bind?.(view)
    else release()
    return {
      update: (...what) => bound?.update?.(...what),
      destroy: () => {
        stop()
        bound?.destroy?.()
      },
    }
  }
  return new Plugin({ props: { editable: () => !letGo } })
}

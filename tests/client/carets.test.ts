import { getSchema } from '@tiptap/core'
import { EditorState } from '@tiptap/pm/state'
import type { DecorationSet } from '@tiptap/pm/view'
import StarterKit from '@tiptap/starter-kit'
import { initProseMirrorDoc, yCursorPlugin, yCursorPluginKey, ySyncPlugin } from '@tiptap/y-tiptap'
import fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import { Awareness } from 'y-protocols/awareness'
import * as Y from 'yjs'
import { caretRules, cssText, headIndex } from '../../client/editors/carets.ts'
import { caretsOnly } from '../../client/editors/tiptap-carets.ts'
import { colorFor, PALETTE } from '../../client/sdk/color.ts'
import { changesSince } from '../../client/sdk/local-copy.ts'

describe('carets of other people', () => {
  it('let nothing of a name out of its quotes, and take no colour but #rrggbb', () => {
    const name = `"} body { display: none } \\ \n</style>`
    expect(cssText(name)).not.toMatch(/["{}<>\n;]/)
    const rules = caretRules(7, { user: { id: 'eve', name, color: 'red; } * { color: red' } }, false)
    expect(rules.match(/[{}]/g)).toHaveLength(6)
    expect(rules).toContain(colorFor('eve'))
    expect(cssText('Zoë 李')).toBe('Zoë\\20 李')
  })

  it('are left out where a selection is none', () => {
    const text = new Y.Doc().getText('content')
    text.insert(0, 'some text')
    const at = (index: number) => Y.createRelativePositionFromTypeIndex(text, index)
    expect(headIndex({ selection: { anchor: at(1), head: at(4) } }, text)).toBe(4)
    for (const selection of [null, 7, {}, { anchor: 1, head: 2 }, { anchor: {}, head: { item: 'x' } }]) {
      expect(headIndex({ selection }, text)).toBeUndefined()
    }
  })
})

/** A document of one paragraph, and an editor of it without a page. */
function openHeadless() {
  const doc = new Y.Doc()
  const fragment = doc.getXmlFragment('default')
  const text = new Y.XmlText('some text')
  const paragraph = new Y.XmlElement('paragraph')
  paragraph.insert(0, [text])
  fragment.insert(0, [paragraph])
  const awareness = new Awareness(doc)
  onTestFinished(() => awareness.destroy())
  const schema = getSchema([StarterKit.configure({ undoRedo: false })])
  const { doc: content, mapping } = initProseMirrorDoc(fragment, schema)
  const plugins = [ySyncPlugin(fragment, { mapping }), yCursorPlugin(caretsOnly(awareness, doc))]
  const state = EditorState.create({ doc: content, plugins })
  const states = awareness.getStates() as Map<number, unknown>
  /** What is drawn where this is another client's state, as it is when somebody's has changed. */
  const drawn = (other: unknown): number => {
    states.set(7, other)
    const next = state.apply(state.tr.setMeta(yCursorPluginKey, { awarenessUpdated: true }))
    return (yCursorPluginKey.getState(next) as DecorationSet).find().length
  }
  return { doc, text, drawn }
}

describe('what another client says of its caret to Tiptap', () => {
  it('[UI69] never throws, and is drawn where it is a caret of somebody', () => {
    const { doc, text, drawn } = openHeadless()
    const at = Y.relativePositionToJSON(Y.createRelativePositionFromTypeIndex(text, 2))
    const user = { id: 'eve', name: 'Eve' }
    expect(drawn({ user, cursor: { anchor: at, head: at } })).toBe(1)
    const end = { tname: 'default' }
    const near = fc.constantFrom(at, end, { ...at, tname: 'nowhere' }, doc.clientID, 1, -1, 0.5, 1e300, null)
    const id = fc.record({ client: near, clock: near }, { requiredKeys: [] })
    const part = fc.oneof(near, id, fc.jsonValue())
    const position = fc.record({ type: part, tname: part, item: part, assoc: part }, { requiredKeys: [] })
    const place = fc.oneof(position, part)
    const cursor = fc.oneof(fc.record({ anchor: place, head: place }, { requiredKeys: [] }), fc.jsonValue())
    const hostile = fc.constantFrom({ toString: 1, valueOf: 1 })
    const says = fc.oneof(
      fc.constant(user),
      fc.jsonValue(),
      fc.record({ id: fc.jsonValue(), name: fc.oneof(hostile, fc.jsonValue()), color: hostile }),
    )
    const before = doc.share.size
    fc.assert(
      fc.property(cursor, says, (cursor, user) => {
        expect(drawn({ cursor, user })).toBeLessThanOrEqual(2)
      }),
      { numRuns: 3000 },
    )
    expect(doc.share.size).toBe(before)
    for (const user of ['eve', 7, null, true, [], {}, { name: 'Eve', color: { toString: 1, valueOf: 1 } }]) {
      expect(drawn({ user, cursor: { anchor: at, head: at } })).toBeLessThanOrEqual(1)
    }
  })
})

describe('colours', () => {
  it('are the same for an id everywhere, and use the palette evenly', () => {
    expect(colorFor('ada')).toBe(colorFor('ada'))
    const used = new Map<string, number>()
    for (let i = 0; i < 1200; i++) used.set(colorFor(`u${i}`), (used.get(colorFor(`u${i}`)) ?? 0) + 1)
    expect(used.size).toBe(PALETTE.length)
    expect(Math.min(...used.values())).toBeGreaterThan(50)
  })
})

describe('what this device kept', () => {
  it('[SDK2] is counted in insertions and in deletions', () => {
    const doc = new Y.Doc()
    const text = doc.getText('content')
    text.insert(0, 'hello')
    const before = Y.snapshot(doc)
    expect(changesSince(doc, before)).toBe(0)
    text.delete(0, 2)
    expect(changesSince(doc, before)).toBe(2)
    text.insert(0, 'abc')
    expect(changesSince(doc, before)).toBe(5)
    expect(changesSince(doc, Y.emptySnapshot)).toBe(10)
  })
})

import { describe, expect, it } from 'vitest'
import * as Y from 'yjs'
import { caretRules, cssText, headIndex } from '../../client/editors/carets.ts'
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

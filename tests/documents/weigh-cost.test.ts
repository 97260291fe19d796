import { expect, it, vi } from 'vitest'
import * as Y from 'yjs'
import { checkUpdate } from '../../server/documents/check-update.ts'
import { weighUpdate } from '../../server/documents/weigh-update.ts'

const decoded = vi.hoisted(() => ({ times: 0 }))
vi.mock('yjs', async (original) => {
  const yjs = await original<typeof Y>()
  const decodeUpdate: typeof yjs.decodeUpdate = (update) => {
    decoded.times += 1
    return yjs.decodeUpdate(update)
  }
  return { ...yjs, decodeUpdate }
})

it('[DOC36] an update is decoded once, of however many people it goes on with what is there', () => {
  const people = Array.from({ length: 50 }, () => new Y.Doc())
  const insert = (text: string) => {
    for (const doc of people) doc.getText(`by ${doc.clientID}`).insert(text === 'a' ? 0 : 1, text)
    return Y.mergeUpdates(people.map((doc) => Y.encodeStateAsUpdate(doc)))
  }
  const doc = new Y.Doc()
  Y.applyUpdate(doc, insert('a'))
  const whole = insert('b')
  expect(weighUpdate(doc, whole, checkUpdate(whole))).toBe('ordinary')
  expect(decoded.times).toBe(1)
})

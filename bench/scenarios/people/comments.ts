import * as Y from 'yjs'
import { type Anchor, anchorOf, resolveAnchors } from '../../../client/sdk/index.ts'
import { median, type Scenario } from '../../bench.ts'
import { recording } from '../recording.ts'

const THREADS = 200
const LENGTH = 30
const ROUNDS = 200

/** What a browser does before each picture while somebody types in a long text that has many comments. */
export const comments: Scenario = {
  name: 'people-comments',
  title: `finding the texts of ${THREADS} comments`,
  columns: [
    { figure: 'characters', title: 'characters', digits: 0 },
    { figure: 'there', title: 'ms, all there', digits: 2 },
    { figure: 'gone', title: 'ms, all gone and searched for', digits: 2 },
  ],
  // Of the 16 ms between two pictures.
  goals: [
    { figure: 'there', atMost: 4 },
    { figure: 'gone', atMost: 4 },
  ],
  run: async (bench) => {
    const all = await recording(bench)
    const doc = new Y.Doc()
    doc.transact(() => {
      for (const update of all) Y.applyUpdate(doc, update)
    })
    const [type = ''] = doc.share.keys()
    const text = doc.getText(type)
    const { length } = text
    const anchors = new Map<string, Anchor>()
    for (let at = 0; at < THREADS; at += 1) {
      const start = Math.floor((at * (length - LENGTH)) / THREADS)
      const anchor = anchorOf(doc, type, start, start + LENGTH)
      if (anchor !== undefined) anchors.set(String(at), anchor)
    }
    const there = measured(doc, anchors)
    text.delete(0, length)
    text.insert(0, 'x'.repeat(length))
    const gone = measured(doc, anchors)
    return new Map([['syncline', { characters: length, there, gone }]])
  },
}

function measured(doc: Y.Doc, anchors: ReadonlyMap<string, Anchor>): number {
  const times = Array.from({ length: ROUNDS }, () => {
    const began = performance.now()
    resolveAnchors(doc, anchors)
    return performance.now() - began
  })
  return median(times)
}

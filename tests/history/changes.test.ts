import { describe, expect, it } from 'vitest'
import * as Y from 'yjs'
import { changesOf } from '../../server/history/updates/changes.ts'
import { session } from '../documents/random-document.ts'

describe('what an update changes', () => {
  it('[HIS1] is read from its structure exactly as Yjs reads it', () => {
    for (let seed = 1; seed <= 30; seed += 1) {
      const updates = session(seed, 60)
      for (const update of [...updates, Y.mergeUpdates(updates)]) {
        const { structs, ds } = Y.decodeUpdate(update)
        const { inserted, deleted } = changesOf(update)
        const ids = (ranges: readonly { client: number; clock: number; length: number }[]) =>
          ranges.flatMap(({ client, clock, length }) =>
            Array.from({ length }, (_, index) => `${client}:${clock + index}`),
          )
        expect(ids(inserted)).toEqual(
          ids(
            structs
              .filter((struct) => !(struct instanceof Y.Skip))
              .map(({ id, length }) => ({ client: id.client, clock: id.clock, length })),
          ),
        )
        expect(deleted).toEqual(
          [...ds.clients].flatMap(([client, ranges]) =>
            ranges.map(({ clock, len }) => ({ client, clock, length: len })),
          ),
        )
        const text = structs
          .filter((struct): struct is Y.Item => struct instanceof Y.Item)
          .filter(({ content }) => content instanceof Y.ContentString)
        expect(inserted.reduce((sum, range) => sum + range.text, 0)).toBe(
          text.reduce((sum, item) => sum + item.length, 0),
        )
      }
    }
  })

  it('[HIS1] has a length in UTF-16 code units, as positions in an editor have', () => {
    const doc = new Y.Doc()
    doc.getText('content').insert(0, 'aé日👩‍👩‍👧')
    const [range] = changesOf(Y.encodeStateAsUpdate(doc)).inserted
    expect(range).toMatchObject({ kind: 'text', length: 11, text: 11 })
  })

  it('[HIS1] tells what was gone as it came', () => {
    const doc = new Y.Doc()
    doc.transact(() => {
      doc.getText('content').insert(0, 'gone')
      doc.getText('content').delete(0, 4)
    })
    expect(changesOf(Y.encodeStateAsUpdate(doc))).toMatchObject({
      inserted: [{ kind: 'deleted', length: 4 }],
    })
  })

  it.each([
    ['ends too early', (whole: Uint8Array) => whole.subarray(0, -3)],
    ['goes on after its end', (whole: Uint8Array) => Uint8Array.from([...whole, 0])],
  ])('[HIS1] is an error where the update %s', (_, damage) => {
    const doc = new Y.Doc()
    doc.getText('content').insert(0, 'hello')
    doc.getText('content').delete(1, 2)
    expect(() => changesOf(damage(Y.encodeStateAsUpdate(doc)))).toThrow()
  })
})

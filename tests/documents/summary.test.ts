import { describe, expect, it } from 'vitest'
import * as Y from 'yjs'
import { summarise } from '../../server/documents/summary.ts'
import { database, openLog, openRoom } from '../log/fixture.ts'

const withMeta = (fields: Readonly<Record<string, unknown>>): Y.Doc => {
  const doc = new Y.Doc()
  for (const [key, value] of Object.entries(fields)) doc.getMap('meta').set(key, value)
  const received = new Y.Doc() // as the server has it: nobody has said yet what `meta` is
  Y.applyUpdate(received, Y.encodeStateAsUpdate(doc))
  return received
}

const NOTHING = { title: null, editor: null }

describe('the summary of a document', () => {
  it('is its title and its editor', () => {
    expect(summarise(withMeta({ title: ' Plan ', editor: 'code' }))).toEqual({
      title: 'Plan',
      editor: 'code',
    })
    expect(summarise(new Y.Doc())).toEqual(NOTHING)
  })

  it('takes only short strings of it', () => {
    expect(summarise(withMeta({ title: new Y.Text('no'), editor: 'vi' }))).toEqual(NOTHING)
    expect(summarise(withMeta({ title: { toString: 'no' }, editor: ['code'] }))).toEqual(NOTHING)
    expect(summarise(withMeta({ title: 7, editor: null }))).toEqual(NOTHING)
    expect(summarise(withMeta({ title: '  \n ' }))).toEqual(NOTHING)
    expect(summarise(withMeta({ title: 'x'.repeat(1_000_000) })).title).toHaveLength(200)
  })

  it('can be written to the database, whatever somebody has set', async () => {
    const { db } = await database()
    const log = openLog(db)
    const room = await openRoom(log)
    for (const title of [
      'a\0b\u001b[31m',
      `${'x'.repeat(199)}😀`,
      '\ud800 lone',
      "'; drop table rooms; --",
    ]) {
      const summary = summarise(withMeta({ title }))
      await log.describe(room.id, summary)
      const { rows } = await db.pool.query('select title from rooms')
      expect(rows).toEqual([{ title: summary.title }])
      expect(summary.title).not.toMatch(/\p{Cc}/u)
    }
  })

  it('leaves a document alone that has something else under that name', () => {
    const doc = new Y.Doc()
    doc.getText('meta').insert(0, 'mine')
    expect(summarise(doc)).toEqual(NOTHING)
    const untouched = new Y.Doc()
    summarise(untouched)
    expect(untouched.getText('meta').toString()).toBe('')
  })
})

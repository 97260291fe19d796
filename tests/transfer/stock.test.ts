import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, it } from 'vitest'
import * as Y from 'yjs'
import { asked } from '../backup/lively.ts'
import { database, entriesOf, openLog } from '../log/fixture.ts'
import { folder, syncline } from './support.ts'

/** As @hocuspocus/extension-sqlite makes it. */
const SCHEMA = `CREATE TABLE IF NOT EXISTS "documents" (
  "name" varchar(255) NOT NULL,
  "data" blob NOT NULL,
  UNIQUE(name)
)`
const UPSERT = `INSERT INTO "documents" ("name", "data") VALUES ($name, $data)
  ON CONFLICT(name) DO UPDATE SET data = $data`

const stateOf = (text: string): Uint8Array => {
  const doc = new Y.Doc()
  doc.getMap('meta').set('title', text)
  doc.getText('content').insert(0, text)
  return Y.encodeStateAsUpdate(doc)
}

/** The second half of a document, which is nothing without the first. */
const half = (): Uint8Array => {
  const doc = new Y.Doc()
  doc.getText('content').insert(0, 'a')
  const before = Y.encodeStateVector(doc)
  doc.getText('content').insert(1, 'b')
  return Y.encodeStateAsUpdate(doc, before)
}

const DOCUMENTS: Readonly<Record<string, Uint8Array>> = {
  'meeting-notes': stateOf('Notes'),
  'wiki:start': stateOf('Start'),
  cut: stateOf('Cut').slice(0, -3),
  half: half(),
  'two words': stateOf('Space'),
}
const LEFT_OUT = ['cut: ', 'half: ', 'two words: ']

it('[BAK7] documents of a stock Hocuspocus become rooms, once; broken ones are named and left out', async () => {
  const { url, db } = await database()
  const file = join(await folder(), 'db.sqlite')
  const sqlite = new DatabaseSync(file)
  sqlite.exec(SCHEMA)
  const store = (name: string, data: Uint8Array) => sqlite.prepare(UPSERT).run({ $name: name, $data: data })
  for (const [name, data] of Object.entries(DOCUMENTS)) store(name, data)

  const bring = (source: string, ...flags: string[]) => syncline(url, 'import-hocuspocus', source, ...flags)
  const dry = await bring(file, '--kind', 'note', '--dry-run')
  expect(dry.output).toContain('2 documents would be imported, 0 there already, 3 left out')
  expect(await asked(url, 'select from rooms')).toEqual([])
  const first = await bring(file, '--kind', 'note', '--actor', 'mover')
  expect(first.code).toBe(1)
  for (const name of LEFT_OUT) expect(first.output).toContain(name)
  const log = openLog(db)
  expect(await asked(url, 'select name, title, head::int, created_by from rooms order by name')).toEqual([
    { name: 'note:meeting-notes', title: 'Notes', head: 1, created_by: 'mover' },
    { name: 'wiki:start', title: 'Start', head: 1, created_by: 'mover' },
  ])
  const [entry] = await entriesOf(log, 'note:meeting-notes')
  expect(entry?.bytes).toEqual(DOCUMENTS['meeting-notes'])

  // Again, from a Postgres whose table is called as somebody liked, with one that has changed since.
  await asked(url, 'create schema old; create table old."My docs" (title text, state bytea)')
  for (const [name, state] of [
    ['meeting-notes', DOCUMENTS['meeting-notes']],
    ['wiki:start', stateOf('Changed')],
    ['later', stateOf('Later')],
    ['nothing', null],
  ])
    await asked(url, 'insert into old."My docs" values ($1, $2)', [name, state])
  const table = ['--table', 'old.My docs', '--name-column', 'title', '--data-column', 'state']
  const second = await bring(url, '--kind', 'note', ...table)
  expect(second.output).toContain('1 documents imported, 1 there already, 2 left out')
  expect(second.output).toContain('wiki:start: wiki:start is there, and was not made of this')
  expect(await entriesOf(log, 'wiki:start')).toHaveLength(1)
  expect((await bring(join(file, 'no'))).code).toBe(1)
})

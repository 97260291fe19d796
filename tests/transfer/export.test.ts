import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import * as Y from 'yjs'
import { FolderExport } from '../../server/transfer/folder.ts'
import { historyOf, START } from '../history/support.ts'
import { database, openLog, openRoom } from '../log/fixture.ts'
import { folder, syncline } from './support.ts'

/** A rich document of two entries, an hour apart, the first of them with a name. */
async function written() {
  const { db, url } = await database()
  const log = openLog(db)
  const room = await openRoom(log)
  const doc = new Y.Doc()
  const edit = (at: number, change: () => void) => {
    const before = Y.encodeStateVector(doc)
    doc.transact(change)
    room.append({ actor: 'ada', at, bytes: Y.encodeStateAsUpdate(doc, before) })
  }
  const heading = new Y.XmlElement('heading')
  edit(START, () => {
    doc.getMap('meta').set('title', 'Plan')
    doc.getMap('meta').set('editor', 'rich')
    heading.setAttribute('level', '2')
    heading.insert(0, [new Y.XmlText('First')])
    doc.getXmlFragment('default').insert(0, [heading])
  })
  edit(START + 3_600_000, () => {
    const text = new Y.XmlText()
    text.insert(0, 'plain ')
    text.insert(6, 'bold', { bold: {} })
    const paragraph = new Y.XmlElement('paragraph')
    paragraph.insert(0, [text])
    doc.getXmlFragment('default').insert(1, [paragraph])
  })
  await room.durable()
  const named = await historyOf(db).nameVersion('doc:a', { kind: 'seq', seq: 1 }, 'ada', {
    title: 'Draft: 1/2',
    description: null,
    pinned: false,
  })
  return { db, url, log, doc, id: named.id }
}

const asked = async (url: string, ...args: string[]) =>
  (await syncline(url, 'export', 'doc:a', ...args)).output

describe('exporting', () => {
  it('[HIS107] writes a position or a version in every format', async () => {
    const { url, doc, id } = await written()
    expect(await asked(url, '--format', 'markdown')).toBe('## First\n\nplain **bold**')
    expect(await asked(url, '--format', 'html', '--at', '1')).toBe('<h2>First</h2>')
    expect(await asked(url, '--format', 'text', '--at', id)).toBe('First')
    expect(JSON.parse(await asked(url, '--format', 'json', '--at', id))).toMatchObject({ seq: 1 })
    const file = join(await folder(), 'state')
    await asked(url, '--format', 'updates', '--out', file)
    const copy = new Y.Doc()
    Y.applyUpdate(copy, await readFile(file))
    expect(copy.getXmlFragment('default').toString()).toBe(doc.getXmlFragment('default').toString())
  })

  it('[HIS107] writes every version into a folder that is empty', async () => {
    const { url } = await written()
    const out = join(await folder(), 'versions')
    await asked(url, '--all', '--format', 'markdown', '--out', out)
    const names = (await readdir(out)).sort()
    // Where nobody wrote for an hour, and at the end, a version is kept without anybody asking.
    expect(names).toEqual([
      '0000000001 Draft- 1-2.md',
      '0000000001.md',
      '0000000002.md',
      'now.md',
      'versions.json',
    ])
    const contents = await Promise.all(names.slice(0, 4).map((name) => readFile(join(out, name), 'utf8')))
    const newest = '## First\n\nplain **bold**'
    expect(contents).toEqual(['## First', '## First', newest, newest])
    const list = JSON.parse(await readFile(join(out, 'versions.json'), 'utf8'))
    expect(list.map(({ seq, title }: { seq: number; title: string | null }) => [seq, title])).toEqual(
      expect.arrayContaining([
        [1, null],
        [1, 'Draft: 1/2'],
        [2, null],
      ]),
    )
    const again = await syncline(url, 'export', 'doc:a', '--all', '--format', 'text', '--out', out)
    expect([again.code, again.output]).toEqual([1, expect.stringContaining('is not empty')])
  })

  it('[HIS104] a folder has rich text as Markdown, which imports as a document of its own', async () => {
    const { db, log, url } = await written()
    const dir = await folder()
    expect((await new FolderExport(dir, db.pool, log).pass()).written).toEqual(['Plan.md'])
    const file = join(dir, 'Plan.md')
    expect(await readFile(file, 'utf8')).toBe('## First\n\nplain **bold**')
    await writeFile(file, '# Changed')
    expect((await syncline(url, 'import', file)).output).toContain('imported')
  })
})

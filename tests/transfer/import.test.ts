import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { documentOf } from '../../server/transfer/document-file.ts'
import { insertDocument } from '../../server/transfer/insert-room.ts'
import { connectTo, database, openLog } from '../log/fixture.ts'
import { folder, QUIETLY, startSyncline, syncline } from './support.ts'

async function files(count: number): Promise<readonly string[]> {
  const made = await folder()
  const paths = Array.from({ length: count }, (_, index) => join(made, `Note ${index}.md`))
  await Promise.all(paths.map((path, index) => writeFile(path, `# Note ${index}\n\nWörds.\n`)))
  return paths
}

describe('importing text', () => {
  it('[HIS102] makes a document a file, to the letter, once, however often it is run', async () => {
    const { url, db } = await database()
    const [first = '', ...rest] = await files(3)
    const run = await syncline(url, 'import', first, ...rest, '--kind', 'note', '--actor', 'ada')
    expect(run.output.match(/ imported$/gm)).toHaveLength(3)
    expect((await syncline(url, 'import', first, '--kind', 'note')).output).toContain('there already')
    const { rows } = await db.pool.query(
      'select name, title, editor, created_by, head::int from rooms order by title',
    )
    expect(rows).toHaveLength(3)
    expect(rows[0]).toMatchObject({ title: 'Note 0.md', editor: 'code', created_by: 'ada', head: 1 })
    expect(rows[0].name).toMatch(/^note:note-0-[0-9a-f]{20}$/)
    expect((await syncline(url, 'export', rows[0].name)).output).toBe(await readFile(first, 'utf8'))
    const json = JSON.parse((await syncline(url, 'export', rows[0].name, '--format', 'json')).output)
    expect(json.types.meta.value).toEqual({ title: 'Note 0.md', editor: 'code', language: 'markdown' })
    // Another content is another document; the same file elsewhere is not.
    const moved = join(await folder(), 'Note 0.md')
    await writeFile(moved, await readFile(first))
    expect((await syncline(url, 'import', moved, '--kind', 'note')).output).toContain('there already')
    await writeFile(moved, 'changed')
    expect((await syncline(url, 'import', moved, '--kind', 'note')).output).toMatch(/ imported$/m)
    expect((await db.pool.query('select from room_updates')).rowCount).toBe(4)
  })

  it('[HIS102] never doubles, when two do it at once', async () => {
    const { url, db } = await database()
    const other = await connectTo(url)
    const made = documentOf('a.md', Buffer.from('text'), 'doc')
    const insert = (pool: typeof db.pool, at: number) =>
      insertDocument(
        pool,
        made.room,
        { actor: 'ada', at, bytes: made.update },
        { title: made.title, editor: 'code' },
      )
    const ends = await Promise.all(
      Array.from({ length: 40 }, (_, at) => insert(at % 2 ? db.pool : other.pool, at)),
    )
    expect(ends.filter((end) => end === 'inserted')).toHaveLength(1)
    expect(ends.filter((end) => end === 'there')).toHaveLength(39)
    expect((await db.pool.query('select from room_updates')).rowCount).toBe(1)
  })

  it('[HIS102] killed in between goes on where it was', async () => {
    const { url, db } = await database()
    const paths = await files(300)
    // In one statement: what the killed process had sent may be committed between two.
    const counts = async () => {
      const { rows } = await db.pool.query<{ rooms: number; entries: number }>(
        `select (select count(*) from rooms where head = 1)::int as rooms,
           (select count(*) from room_updates)::int as entries`,
      )
      return [rows[0]?.rooms ?? 0, rows[0]?.entries ?? 0] as const
    }
    const child = startSyncline(url, 'import', ...paths)
    const ended = new Promise((resolve) => child.on('exit', resolve))
    await expect.poll(async () => (await counts())[0], { timeout: 20_000, interval: 5 }).toBeGreaterThan(5)
    child.kill('SIGKILL')
    await ended
    const [rooms, entries] = await counts()
    expect(rooms).toBe(entries)
    expect(rooms).toBeLessThan(300)
    await syncline(url, 'import', ...paths)
    expect(await counts()).toEqual([300, 300])
  })

  it('[HIS102] does not bring back what was deleted', async () => {
    const { url, db } = await database()
    const [file = ''] = await files(1)
    await syncline(url, 'import', file)
    const { rows } = await db.pool.query<{ name: string }>('select name from rooms')
    await openLog(db).erase(rows[0]?.name ?? '', 'eve', QUIETLY)
    expect((await syncline(url, 'import', file)).output).toContain('was deleted; it stays so')
    expect((await db.pool.query('select from room_updates')).rowCount).toBe(0)
  })

  it('[HIS101] tells of each file that is no text, and brings in the others', async () => {
    const { url, db } = await database()
    const made = await folder()
    await mkdir(join(made, 'folder'))
    await writeFile(join(made, 'binary.png'), Buffer.from([0xff, 0xfe, 0x00, 0xff]))
    await writeFile(join(made, 'good.txt'), '\uFEFFone\r\ntwo\r\n')
    await writeFile(join(made, 'empty.txt'), '')
    const names = ['absent.md', 'folder', 'binary.png', 'good.txt', 'empty.txt']
    const { code, output } = await syncline(url, 'import', ...names.map((name) => join(made, name)))
    expect(code).toBe(1)
    expect(output.trim().split('\n')).toEqual([
      expect.stringContaining('ENOENT'),
      expect.stringContaining('is not a file'),
      expect.stringContaining('not valid'),
      expect.stringContaining('imported'),
      expect.stringContaining('imported'),
    ])
    const { rows } = await db.pool.query<{ name: string }>(`select name from rooms where title = 'good.txt'`)
    expect((await syncline(url, 'export', rows[0]?.name ?? '')).output).toBe('one\ntwo\n')
  })
})

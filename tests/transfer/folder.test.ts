import { once } from 'node:events'
import { mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import * as Y from 'yjs'
import { releaseRoom } from '../../server/log/rooms.ts'
import { fileName, isPlainName } from '../../server/transfer/file-name.ts'
import { FolderExport } from '../../server/transfer/folder.ts'
import { connectTo, database, openLog, openRoom } from '../log/fixture.ts'
import { startProxy } from '../log/postgres-proxy.ts'
import { folder, QUIETLY, startSyncline, syncline, write } from './support.ts'

async function setting() {
  const { db, url } = await database()
  const log = openLog(db)
  const dir = await folder()
  const target = () => new FolderExport(dir, db.pool, log)
  const names = async () => (await readdir(dir)).filter((name) => !name.startsWith('.')).sort()
  const read = (name: string) => readFile(join(dir, name), 'utf8')
  return { db, url, log, dir, target, names, read }
}

describe('a folder of documents', () => {
  it('[HIS104] has a file each, and only what has changed is written', async () => {
    const { log, target, names, read, dir } = await setting()
    await write(log, 'doc:a', 'Plan.md', '# Plan')
    await write(log, 'doc:b', 'Notes', 'one')
    await write(log, 'doc:c', undefined, 'no title')
    const exporting = target()
    expect((await exporting.pass()).written).toEqual(['Plan.md', 'Notes.txt', 'c.txt'])
    expect([await read('Plan.md'), await read('Notes.txt'), await read('c.txt')]).toEqual([
      '# Plan',
      'one',
      'no title',
    ])
    const before = await stat(join(dir, 'Plan.md'))
    await write(log, 'doc:b', 'Notes', 'two')
    expect(await exporting.pass()).toEqual({ written: ['Notes.txt'], removed: [], problems: [] })
    expect(await read('Notes.txt')).toBe('two')
    expect((await stat(join(dir, 'Plan.md'))).ino).toBe(before.ino)
    expect(await exporting.pass()).toEqual({ written: [], removed: [], problems: [] })
    expect(await target().pass()).toEqual({ written: [], removed: [], problems: [] })
    expect(await names()).toEqual(['Notes.txt', 'Plan.md', 'c.txt'])
  })

  it('[HIS104] follows a title, tells equal titles apart, and mends what was lost', async () => {
    const { log, target, names, read, dir } = await setting()
    await write(log, 'doc:a', 'Same', 'a')
    await write(log, 'doc:b', 'same', 'b')
    await target().pass()
    const [other = '', first] = await names()
    expect([other, first]).toEqual([expect.stringMatching(/^same \([0-9a-f]{8}\)\.txt$/), 'Same.txt'].sort())
    await write(log, 'doc:a', 'New name', 'a')
    expect((await target().pass()).removed).toEqual(['Same.txt'])
    expect(await read('New name.txt')).toBe('a')
    await rm(join(dir, 'New name.txt'))
    await target().pass()
    expect(await read('New name.txt')).toBe('a')
  })

  it('[HIS105] removes a deleted room’s file where it wrote it, and leaves it where somebody has changed it', async () => {
    const { log, target, names, dir } = await setting()
    for (const name of ['kept', 'gone', 'edited']) await write(log, `doc:${name}`, name, name)
    await target().pass()
    await writeFile(join(dir, 'edited.txt'), 'mine now')
    await writeFile(join(dir, 'own.txt'), 'never theirs')
    for (const name of ['gone', 'edited']) await log.erase(`doc:${name}`, 'eve', QUIETLY)
    expect((await target().pass()).removed).toEqual(['gone.txt'])
    expect(await names()).toEqual(['edited.txt', 'kept.txt', 'own.txt'])
  })

  it('[HIS105] never touches a file that it did not write, nor one that a link names', async () => {
    const { log, target, names, dir } = await setting()
    const outside = join(await folder(), 'outside.txt')
    await writeFile(outside, 'outside')
    await writeFile(join(dir, 'Taken.txt'), 'mine')
    await symlink(outside, join(dir, 'Link.txt'))
    await mkdir(join(dir, 'Folder.txt'))
    for (const name of ['Taken', 'Link', 'Folder']) await write(log, `doc:${name}`, name, 'theirs')
    await target().pass()
    expect(await readFile(outside, 'utf8')).toBe('outside')
    expect(await readFile(join(dir, 'Taken.txt'), 'utf8')).toBe('mine')
    expect((await names()).filter((name) => /\([0-9a-f]{8}\)\.txt$/.test(name))).toHaveLength(3)
    for (const name of ['Taken', 'Link', 'Folder']) await log.erase(`doc:${name}`, 'eve', QUIETLY)
    await target().pass()
    expect(await names()).toEqual(['Folder.txt', 'Link.txt', 'Taken.txt'])
  })

  it('[HIS105] removes nothing when it is shown another database, and refuses a manifest that leads elsewhere', async () => {
    const one = await setting()
    await write(one.log, 'doc:a', 'A', 'a')
    await one.target().pass()
    const other = await database()
    const pass = await new FolderExport(one.dir, other.db.pool, openLog(other.db)).pass()
    expect(pass).toEqual({ written: [], removed: [], problems: [] })
    expect(await one.names()).toEqual(['A.txt'])
    const stale = [{ file: '../../etc/passwd', sha256: ['x'] }]
    await writeFile(join(one.dir, '.syncline.json'), JSON.stringify({ version: 1, documents: {}, stale }))
    await expect(one.target().pass()).rejects.toThrow('is no plain file name')
  })

  it('[HIS104] has what another application keeps in a room as JSON, the same for the same data', async () => {
    const { log, target, read } = await setting()
    const fill = async (name: string, change: (doc: Y.Doc) => void) => {
      const room = await openRoom(log, name)
      const doc = new Y.Doc()
      doc.transact(() => change(doc))
      room.append({ actor: 'ada', at: Date.now(), bytes: Y.encodeStateAsUpdate(doc) })
      await room.durable()
    }
    await fill('board:a', (doc) => {
      doc.getMap('shapes').set('b', { x: 1, bytes: Uint8Array.of(1, 2), id: 2n ** 53n })
      doc.getMap('shapes').set('a', new Y.Array())
      doc.getArray('order').push(['a', 'b'])
    })
    await fill('board:b', (doc) => {
      doc.getArray('order').push(['a', 'b'])
      doc.getMap('shapes').set('a', new Y.Array())
      doc.getMap('shapes').set('b', { id: 2n ** 53n, bytes: Uint8Array.of(1, 2), x: 1 })
    })
    await fill('doc:empty', (doc) => doc.getMap('meta').set('title', 'Empty'))
    expect((await target().pass()).written).toEqual(['a.json', 'b.json', 'Empty.txt'])
    expect(JSON.parse(await read('a.json'))).toEqual({
      order: { kind: 'array', value: ['a', 'b'] },
      shapes: {
        kind: 'map',
        value: { a: [], b: { bytes: { bytes: 'AQI=' }, id: { integer: '9007199254740992' }, x: 1 } },
      },
    })
    expect(await read('b.json')).toBe(await read('a.json'))
    expect(await read('Empty.txt')).toBe('')
  })

  it('[HIS109] has its first files before all is read: text is not held for longer than a part', async () => {
    const { db, log, dir, names } = await setting()
    const large = 'x'.repeat(9 * 1024 * 1024)
    for (const name of ['a', 'b', 'c']) await write(log, `doc:${name}`, name, name + large)
    const there: Record<string, readonly string[]> = {}
    const inspect = async (name: string) => {
      there[name] = await names()
      return log.inspect(name)
    }
    const watched = new Proxy(log, {
      get: (target, key) => {
        if (key === 'inspect') return inspect
        const value: unknown = Reflect.get(target, key, target)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
    const pass = await new FolderExport(dir, db.pool, watched).pass()
    expect(pass).toEqual({ written: ['a.txt', 'b.txt', 'c.txt'], removed: [], problems: [] })
    expect(there).toEqual({ 'doc:a': [], 'doc:b': [], 'doc:c': ['a.txt', 'b.txt'] })
  }, 60_000)

  it('[HIS104] writes what it can where a room is damaged, and says which was not', async () => {
    const { log, db, target, names } = await setting()
    await write(log, 'doc:bad', 'bad', 'bad')
    await write(log, 'doc:good', 'good', 'good')
    await db.pool.query(
      `delete from room_updates where room_id = (select id from rooms where name = 'doc:bad')`,
    )
    const { problems } = await target().pass()
    expect(problems).toEqual([expect.stringContaining('doc:bad: What is stored of this room cannot be read')])
    expect(await names()).toEqual(['good.txt'])
  })

  it('[HIS120] names a quarantined room without reading it, and writes those after it', async () => {
    const { log, db, target, names } = await setting()
    await write(log, 'doc:bad', 'bad', 'it may end whoever reads it')
    await write(log, 'doc:good', 'good', 'good')
    await log.quarantine((await openRoom(log, 'doc:bad')).id, 'it ends the process that tries it')
    const read = vi.spyOn(log, 'inspect')
    const { problems } = await target().pass()
    expect(problems).toEqual([
      expect.stringMatching(/^doc:bad: is quarantined since \d{4}-.*Z: it ends the process that tries it$/),
    ])
    expect(read.mock.calls).toEqual([['doc:good']])
    expect(await names()).toEqual(['good.txt'])
    await releaseRoom(db.pool, 'doc:bad')
    expect((await target().pass()).written).toEqual(['bad.txt'])
  })

  it('[HIS120] reads a room that it could not read when that has changed, or is released, and not at each pass', async () => {
    const { log, db, target } = await setting()
    for (const name of ['a', 'b']) await write(log, `doc:${name}`, name, name)
    const rooms = await Promise.all(['doc:a', 'doc:b'].map((name) => openRoom(log, name)))
    const { rows: whole } = await db.pool.query('select room_id, bytes from room_updates')
    await db.pool.query(`update room_updates set bytes = '\\x01020304'`)
    const read = vi.spyOn(log, 'inspect')
    const exporting = target()
    const { problems } = await exporting.pass()
    expect(problems).toHaveLength(2)
    expect(await exporting.pass()).toEqual({ written: [], removed: [], problems })
    expect(read.mock.calls).toEqual([['doc:a'], ['doc:b']])

    for (const { room_id, bytes } of whole)
      await db.pool.query('update room_updates set bytes = $2 where room_id = $1', [room_id, bytes])
    await write(log, 'doc:a', 'a', 'more')
    expect(await exporting.pass()).toEqual({ written: ['a.txt'], removed: [], problems: problems.slice(1) })
    for (const { id } of rooms) await log.quarantine(id, 'why')
    expect((await exporting.pass()).problems).toEqual([expect.stringMatching(/^doc:b: is quarantined/)])
    await releaseRoom(db.pool, 'doc:b')
    expect(await exporting.pass()).toEqual({ written: ['b.txt'], removed: [], problems: [] })
  })

  it('[HIS106] killed at any moment holds whole files, and the next pass ends what was begun', async () => {
    const { log, url, dir, target, names, read } = await setting()
    const text = (index: number, round: number) => `${index} in round ${round}\n`.repeat(20_000)
    for (let round = 1; round <= 3; round += 1) {
      for (let index = 0; index < 25; index += 1)
        await write(log, `doc:${index}`, `File ${index}`, text(index, round))
      const child = startSyncline(url, 'export', '--folder', dir)
      const ended = new Promise((resolve) => child.on('exit', resolve))
      if (round < 3) {
        const changed = async () =>
          (await Promise.all((await names()).map(read))).filter((content) =>
            content.includes(`round ${round}`),
          ).length
        await expect.poll(changed, { timeout: 20_000, interval: 1 }).toBeGreaterThan(round * 3)
        child.kill('SIGKILL')
      }
      await ended
      for (const name of await names()) {
        const index = Number(/\d+/.exec(name)?.[0])
        const content = await read(name)
        expect([1, 2, 3].map((wrote) => text(index, wrote))).toContain(content)
      }
    }
    expect(await names()).toHaveLength(25)
    expect(await target().pass()).toEqual({ written: [], removed: [], problems: [] })
    expect((await readdir(dir)).filter((name) => name.includes('unfinished'))).toEqual([])
  })

  it('[HIS104] is kept by --watch until that is stopped', async () => {
    const { log, url, dir, names, read } = await setting()
    await write(log, 'doc:a', 'A', 'one')
    const child = startSyncline(url, 'export', '--folder', dir, '--watch', '--kind', 'doc')
    const ended = new Promise((resolve) => child.on('exit', resolve))
    await expect.poll(names, { timeout: 15_000 }).toEqual(['A.txt'])
    await write(log, 'doc:a', 'A', 'two')
    await write(log, 'note:b', 'B', 'of another kind')
    await expect.poll(() => read('A.txt'), { timeout: 15_000 }).toBe('two')
    child.kill('SIGTERM')
    expect(await ended).toBe(0)
    expect(await names()).toEqual(['A.txt'])
    expect((await syncline(url, 'export', '--folder', dir)).output).toBe('B.txt: written\n')
  })

  it('[HIS121] waits with --watch for a database that is away, says so once, and goes on', async () => {
    const { log, url, dir, names } = await setting()
    await write(log, 'doc:a', 'A', 'one')
    const proxy = await startProxy(url)
    onTestFinished(() => proxy.close())
    const child = startSyncline(proxy.url, 'export', '--folder', dir, '--watch')
    const ended = once(child, 'close')
    let said = ''
    child.stdout.on('data', (chunk) => {
      said += chunk
    })
    await expect.poll(names, { timeout: 15_000 }).toEqual(['A.txt'])
    proxy.refuse()
    await expect.poll(() => proxy.refused, { timeout: 15_000 }).toBeGreaterThan(1)
    proxy.restore()
    await write(log, 'doc:b', 'B', 'two')
    await expect.poll(names, { timeout: 15_000 }).toEqual(['A.txt', 'B.txt'])
    child.kill('SIGTERM')
    expect((await ended)[0]).toBe(0)
    expect(said.replace(/answer: .*/, 'answer: …').split('\n')).toEqual([
      'A.txt: written',
      'The database does not answer: …',
      'The database answers again',
      'B.txt: written',
      '',
    ])
    proxy.refuse()
    const { code, output } = await syncline(proxy.url, 'export', '--folder', dir)
    expect([code, output]).toEqual([1, expect.stringContaining('cannot be reached')])
  })

  it('[HIS121] says once what it goes on to be unable to write', async () => {
    const { log, url, dir, names } = await setting()
    await write(log, 'doc:bad', 'bad', 'bad')
    await log.quarantine((await openRoom(log, 'doc:bad')).id, 'why')
    const child = startSyncline(url, 'export', '--folder', dir, '--watch')
    const ended = once(child, 'close')
    let said = ''
    child.stdout.on('data', (chunk) => {
      said += chunk
    })
    await expect.poll(() => said, { timeout: 15_000 }).toContain('is quarantined')
    for (const name of ['one', 'two']) {
      await write(log, `doc:${name}`, name, name)
      await expect.poll(names, { timeout: 15_000 }).toContain(`${name}.txt`)
    }
    child.kill('SIGTERM')
    expect((await ended)[0]).toBe(1)
    expect(said.match(/doc:bad/g)).toHaveLength(1)
  })

  it('[HIS121] a pass that the database leaves in the middle ends there, and blames no room for it', async () => {
    const { log, url, dir } = await setting()
    for (const name of ['a', 'b']) await write(log, `doc:${name}`, name, name)
    const proxy = await startProxy(url)
    onTestFinished(() => proxy.close())
    const behind = openLog(await connectTo(proxy.url))
    const target = new FolderExport(dir, (await connectTo(proxy.url)).pool, behind)
    vi.spyOn(behind, 'inspect').mockImplementationOnce((name) => {
      proxy.refuse()
      return behind.inspect(name)
    })
    await expect(target.pass()).rejects.toThrow(/^The database does not answer: /)
    proxy.restore()
    expect(await target.pass()).toEqual({ written: ['a.txt', 'b.txt'], removed: [], problems: [] })
  })

  it('[CLI16] ends in silence when whoever reads what it prints is gone', async () => {
    const { log, url, dir, read } = await setting()
    await write(log, 'doc:a', 'A', 'one')
    const children = [
      startSyncline(url, 'export', '--folder', dir, '--watch'),
      startSyncline(url, 'export', 'doc:a'),
    ] as const
    let errors = ''
    for (const { stderr } of children)
      stderr.on('data', (chunk) => {
        errors += chunk
      })
    const ended = children.map(async (child) => (await once(child, 'close'))[0])
    children[1].stdout.destroy()
    await once(children[0].stdout, 'data')
    children[0].stdout.destroy()
    await write(log, 'doc:a', 'A', 'two')
    expect([await Promise.all(ended), errors]).toEqual([[141, 141], ''])
    expect(await read('A.txt')).toBe('two')
  })
})

describe('the name of a file', () => {
  it('[HIS104] is a plain name that every file system takes, whatever the title', () => {
    const title = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 300 }),
      fc.string({ unit: 'grapheme', maxLength: 300 }),
    )
    fc.assert(
      fc.property(title, fc.boolean(), (text, taken) => {
        const name = fileName(text, '.txt', 'doc:a', () => taken)
        expect(isPlainName(name)).toBe(true)
        expect(name).not.toMatch(/[<>:"|?*\\/]|^[.\s]|[.\s]$/)
        expect(name.isWellFormed()).toBe(true)
        expect(Buffer.byteLength(name)).toBeLessThan(150)
      }),
      { seed: 1, numRuns: 2000 },
    )
  })

  it.each([
    ['../../etc/passwd', '-..-etc-passwd.txt'],
    ['con', 'con-.txt'],
    ['LPT1.md', 'LPT1-.md'],
    ['.hidden', 'hidden.txt'],
    ['...', 'untitled.txt'],
    ['', 'untitled.txt'],
    ['a\u202Egnp.exe', 'a gnp.exe'],
    ['Tab\there  twice ', 'Tab here twice.txt'],
    ['Übersicht 2026', 'Übersicht 2026.txt'],
  ])('[HIS104] of %j is %j', (title, name) => {
    expect(fileName(title, '.txt', 'doc:a', () => false)).toBe(name)
  })
})

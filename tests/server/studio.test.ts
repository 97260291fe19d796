import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { putInPlace } from '../../server/studio.ts'

it('of servers that build the studio at once, one’s is left as a whole, and nothing beside it', async () => {
  const parent = await mkdtemp(join(tmpdir(), 'syncline-studio-'))
  onTestFinished(() => rm(parent, { recursive: true, force: true }))
  const place = join(parent, 'studio')
  const FILES = ['index.html', 'index.js', 'index.css']
  const build = async (name: string) => {
    const folder = join(parent, name)
    await mkdir(folder)
    for (const file of FILES) await writeFile(join(folder, file), name)
    await putInPlace(folder, place)
  }
  await build('the first')
  const builders = Array.from({ length: 20 }, (_, index) => `builder ${index}`)
  await Promise.all(builders.map(build))
  expect(await readdir(parent)).toEqual(['studio'])
  const built = await Promise.all(FILES.map((file) => readFile(join(place, file), 'utf8')))
  expect(builders).toContain(built[0])
  expect(new Set(built).size).toBe(1)
})

import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { report, written } from './report.ts'

const DOCUMENT = fileURLToPath(new URL('../../docs/SCALING.md', import.meta.url))

const text = report()
process.stdout.write(`${text}\n`)
if (process.argv.includes('--write')) {
  await writeFile(DOCUMENT, written(await readFile(DOCUMENT, 'utf8'), text))
}

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readConfig } from '../../server/config.ts'
import { createLogger } from '../../server/observe/log.ts'
import { startApp } from '../../server/start.ts'
import { markdownOf, type OpenApi } from './markdown.ts'

const PAGE = fileURLToPath(new URL('../../docs/API.md', import.meta.url))

/** As a server says it that somebody starts without settings. */
async function readDocument(): Promise<OpenApi> {
  const folder = await mkdtemp(join(tmpdir(), 'syncline-api-'))
  const config = readConfig({ PORT: '0', STUDIO: 'off', DATA_DIR: folder })
  const app = await startApp(config, createLogger('error'))
  try {
    const answer = await fetch(`${app.url}/api/v1/openapi.json`)
    return (await answer.json()) as OpenApi
  } finally {
    await app.close()
    await rm(folder, { recursive: true, force: true })
  }
}

const page = markdownOf(await readDocument())
if (process.argv.includes('--write')) await writeFile(PAGE, page)
else if ((await readFile(PAGE, 'utf8')) !== page) {
  process.stderr.write('docs/API.md is not what the server says: npm run api -- --write\n')
  process.exitCode = 1
}

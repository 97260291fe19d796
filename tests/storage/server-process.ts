/** A process of its own that keeps the embedded Postgres of a folder, for tests to kill. */
import { pino } from 'pino'
import { startEmbedded } from '../../server/storage/embedded.ts'

const [dataDir] = process.argv.slice(2)
if (dataDir === undefined) throw new Error('usage: server-process.ts DATA_DIR')

try {
  const postgres = await startEmbedded(dataDir, pino({ level: 'silent' }))
  process.once('SIGTERM', async () => {
    await postgres.close()
    process.exit(0)
  })
  process.stdout.write(`${postgres.url}\n`)
} catch (error) {
  process.stdout.write(`${error instanceof Error ? `${error.name}: ${error.message}` : error}\n`)
  process.exitCode = 1
}

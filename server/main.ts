import { format } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { ConfigError, readConfig } from './config.ts'
import type { Unsaved } from './log/held-rooms.ts'
import { createLogger } from './observe/log.ts'
import { type App, startApp } from './start.ts'
import { StorageError } from './storage/error.ts'
import { ensureStudio } from './studio.ts'

// sysexits(3): what supervisors and scripts tell apart.
const EX_UNAVAILABLE = 69
const EX_SOFTWARE = 70
const EX_TEMPFAIL = 75
const EX_CONFIG = 78

/**
 * V8 makes its best code of a function after 3,000 calls. An edit goes once through hundreds of functions that other edits have pushed out of
 * the processor's caches meanwhile, and that code is less and shorter: where one types 200 times a second, an edit took its node 0.40 ms instead
 * of 0.50, and another node 0.23 instead of 0.28, which they came to by themselves after two minutes (in turns, `cluster-edit`). 500 was no
 * better. It is told here, since a later V8 that does not know it passes it over, and on the command line ends.
 */
const CALLS_UNTIL_BEST_CODE = '--invocation-count-for-turbofan=1000'

/** One line, and the end: for what the person who starts the server can mend. */
function giveUp(message: string, status: number): never {
  process.stderr.write(`syncline: ${message}\n`)
  process.exit(status)
}

async function start(): Promise<void> {
  if (Number(process.versions.node.split('.')[0]) < 24) {
    giveUp(
      `Node 24 or later is needed, this is ${process.version}; npm start brings its own on Linux`,
      EX_CONFIG,
    )
  }
  setFlagsFromString(CALLS_UNTIL_BEST_CODE)
  const config = readConfig(process.env)
  const processLogger = createLogger(config.logLevel)
  // Hocuspocus writes to the console what the hooks have already logged once, in its own format.
  Object.assign(console, {
    error: (...parts: unknown[]) => processLogger.debug(format(...parts)),
    warn: (...parts: unknown[]) => processLogger.warn(format(...parts)),
  })
  if (config.studio) await ensureStudio(processLogger)
  const app = await startApp(config, processLogger)
  const { logger } = app
  if (config.tokens.mode === 'development') {
    logger.warn('development mode: anyone on this machine can have a token; set JWT_SECRET for anything else')
  }
  logger.info({ url: app.url }, `Syncline is ready on ${app.url}`)
  stopOnSignals(app, (unsaved) => {
    if (unsaved.length === 0) logger.info('stopped')
    else logger.fatal({ unsaved }, 'stopped before everything was saved')
    process.exit(unsaved.length === 0 ? 0 : EX_TEMPFAIL)
  })
}

function stopOnSignals(app: App, stopped: (unsaved: readonly Unsaved[]) => void): void {
  let stopping = false
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (stopping) process.exit(EX_TEMPFAIL) // asked twice: whoever waits has lost patience
      stopping = true
      app
        .close()
        .then(stopped, (error: unknown) => giveUp(`could not stop cleanly: ${String(error)}`, EX_SOFTWARE))
    })
  }
}

try {
  await start()
} catch (error) {
  if (error instanceof ConfigError) giveUp(error.message, EX_CONFIG)
  if (error instanceof StorageError) giveUp(error.message, EX_UNAVAILABLE)
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'EADDRINUSE')
    giveUp(`port ${process.env.PORT || 1234} is taken; set PORT to another`, EX_UNAVAILABLE)
  if (code === 'EACCES')
    giveUp(`port ${process.env.PORT || 1234} may not be used by this account`, EX_UNAVAILABLE)
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    giveUp(`HOST ${process.env.HOST} is no address of this machine`, EX_UNAVAILABLE)
  giveUp(error instanceof Error ? (error.stack ?? error.message) : String(error), EX_SOFTWARE)
}

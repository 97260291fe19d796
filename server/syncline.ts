#!/usr/bin/env node
import { Command, InvalidArgumentError, Option } from 'commander'
import { grantsSchema } from './access/grants.ts'
import { firstIssue, userIdSchema } from './access/identity.ts'
import { signToken } from './access/token.ts'
import { type ErasePersonFlags, erasePersonCommand } from './commands/erase-person.ts'
import { type ExportOptions, exportRoom } from './commands/export.ts'
import { exportFolder, type FolderOptions } from './commands/folder.ts'
import { type GenerateChannelOptions, generateChannel, generateServer } from './commands/generate.ts'
import { type ImportOptions, importFiles } from './commands/import.ts'
import { type ImportHocuspocusOptions, importHocuspocus } from './commands/import-hocuspocus.ts'
import { replayAction } from './commands/replay.ts'
import { type RetainOptions, retain } from './commands/retain.ts'
import { exportAll, importAll, isFolder } from './commands/server-folder.ts'
import { type VerifyOptions, verify } from './commands/verify.ts'
import { readConfig } from './config.ts'
import { TARGETS, type Target } from './generate/mount.ts'
import { createLogger } from './observe/log.ts'
import { VERSION } from './package.ts'
import type { Grants } from './protocol.ts'
import { openDatabase } from './storage/database.ts'

const print = (line: string) => process.stdout.write(`${line}\n`)
/** What a command writes to standard output is what it was asked for, which may be a file: no line of a log is to be in it. */
const commandLogger = (level = 'warn') => createLogger(level, 'stderr')

/** What a shell says of a program that SIGPIPE has ended, of which Node hears as an error. */
const READER_GONE = 141
/** Nobody reads any more, as when `head` has what it wants: what is being done is ended as it should be. */
const readerGone = new AbortController()
process.stdout.on('error', (error) => {
  if (!('code' in error) || error.code !== 'EPIPE') throw error
  process.exitCode = READER_GONE
  readerGone.abort()
})

function grant(text: string, grants: Grants = {}): Grants {
  const at = text.lastIndexOf('=')
  const parsed = grantsSchema.safeParse({ ...grants, [text.slice(0, at)]: text.slice(at + 1) })
  if (at > 0 && parsed.success) return parsed.data
  throw new InvalidArgumentError('a grant is PATTERN=ROLE, such as doc:*=write')
}

function days(text: string): number {
  const value = Number(text)
  if (Number.isFinite(value) && value > 0 && value <= 3650) return value
  throw new InvalidArgumentError('a number of days, 3650 at most')
}

function speed(text: string): number {
  const value = Number(text)
  if (text !== '' && Number.isFinite(value) && value >= 0) return value
  throw new InvalidArgumentError('a number a second, or 0')
}

const names = (text: string): readonly string[] => text.split(',').map((name) => name.trim())

const program: Command = new Command('syncline')
  .version(VERSION)
  .description('A collaboration server that never loses what it calls saved')

program
  .command('serve')
  .description('start the server; configured by the environment, see the README')
  .action(async () => {
    await import('./main.ts')
  })

program
  .command('migrate')
  .description('bring the database up to date and stop')
  .action(async () => {
    const config = readConfig(process.env)
    await (await openDatabase(config.storage, commandLogger(config.logLevel))).close()
    print('the schema is up to date')
  })

program
  .command('token')
  .description('sign a token with JWT_SECRET')
  .requiredOption('--user <id>', "the person's id")
  .option('--name <name>', 'the name that others see')
  .option('--grant <pattern=role>', 'what it grants; may be repeated', grant)
  .option('--days <n>', 'how long it holds', days, 1)
  .action((options: { user: string; name?: string; grant?: Grants; days: number }) => {
    const { tokens } = readConfig(process.env)
    if (tokens.mode !== 'secret') {
      program.error(
        'syncline: JWT_SECRET must be set: a token is signed with the secret that the server verifies with',
      )
    }
    const user = { id: options.user, name: options.name ?? options.user }
    print(
      signToken(
        tokens.secret,
        { user, grants: options.grant ?? { 'doc:*': 'write' } },
        options.days * 86_400,
      ),
    )
  })

program
  .command('verify')
  .description(
    'rebuild each room from its log, compare it with its snapshots, and what was made of all with the logs; the server must be stopped',
  )
  .option('--room <name>', 'this room only')
  .option('--release', 'with --room: let people into the quarantined room again')
  .option('--by <id>', 'with --release: who stands in the audit log; system if not given')
  .action(async (options: VerifyOptions) => {
    if (options.release && options.room === undefined) program.error('syncline: --release needs --room')
    if (options.by !== undefined && !options.release) program.error('syncline: --by goes with --release')
    const config = readConfig(process.env)
    const damaged = await verify(config.storage, commandLogger(), options, print)
    if (damaged > 0) process.exitCode = 1
  })

program
  .command('retain')
  .description('thin the past by RETENTION; beside a running server only with DATABASE_URL')
  .option('--room <name>', 'this room only')
  .option('--by <id>', 'with --room: who stands in the audit log; system if not given')
  .option('--dry-run', 'say what would be freed and lost, and change nothing')
  .action(async (options: RetainOptions) => {
    if (options.by !== undefined && options.room === undefined)
      program.error('syncline: --by goes with --room')
    const failed = await retain(readConfig(process.env), commandLogger(), options, print)
    if (failed > 0) process.exitCode = 1
  })

/** Options that say nothing where a folder of all is not asked for, and where it is. */
const BESIDES = {
  room: { names: ['watch', 'kind'], what: '--folder only' },
  folder: { names: ['at', 'format', 'all', 'out'], what: 'no --folder' },
} as const

program
  .command('export')
  .description('write a room, or a folder of all; beside a running server only with DATABASE_URL')
  .argument('[room]', 'the room')
  .option(
    '--at <position>',
    'a seq, a time such as 2026-03-01T12:00:00Z, or a version; the newest if not given',
  )
  .option('--format <format>', 'text (if not given), markdown, html, json, or updates: one Yjs update')
  .option(
    '--all',
    'the whole log (docs/EXPORT.md); with --format every version, into the folder --out; without a room the whole server',
  )
  .option('--out <file>', 'where to; standard output if not given')
  .option('--folder <dir>', 'every document as a file of its own, and only what has changed')
  .option('--watch', 'with --folder: go on until stopped')
  .option('--kind <kind>', 'with --folder: rooms of this kind only')
  .action(async (room: string | undefined, options: ExportOptions & Partial<FolderOptions>) => {
    const besides = options.folder === undefined ? BESIDES.room : BESIDES.folder
    const idle = besides.names.find((name) => options[name] !== undefined)
    if (idle !== undefined) program.error(`syncline: --${idle} goes with ${besides.what}`)
    if (options.folder !== undefined && room !== undefined)
      program.error('syncline: --folder is for every document: name no room')
    const config = readConfig(process.env)
    const logger = commandLogger()
    if (options.folder !== undefined) {
      const asked = { ...options, folder: options.folder }
      const failed = await exportFolder(config, logger, asked, print, readerGone.signal)
      if (failed > 0) process.exitCode = 1
    } else if (room === undefined && options.all) {
      if (options.out === undefined) program.error('syncline: --all writes a folder: name it with --out')
      if (options.at !== undefined || options.format !== undefined)
        program.error('syncline: --at and --format are of one room: name it')
      if ((await exportAll(config, logger, options.out, print)) > 0) process.exitCode = 1
    } else if (room === undefined)
      program.error('syncline: name a room, a folder with --folder, or all rooms with --all --out')
    else await exportRoom(config, logger, room, options)
  })

program
  .command('import')
  .description('bring text files in as new documents, and exported logs as the rooms they were; each once')
  .argument('<files...>', 'Markdown and other text files, logs, or the folder of a whole server')
  .option('--kind <kind>', 'the kind of the new rooms; doc if not given')
  .option('--actor <id>', 'who stands in the log as the author of new documents; system if not given')
  .action(async (files: string[], options: Partial<ImportOptions>) => {
    const [folder = ''] = files
    const whole = files.length === 1 && (await isFolder(folder))
    const idle = (['kind', 'actor'] as const).find((name) => options[name] !== undefined)
    if (whole && idle !== undefined)
      program.error(`syncline: --${idle} goes with files only: a folder has its rooms and authors`)
    const config = readConfig(process.env)
    const logger = commandLogger()
    if (whole) return importAll(config, logger, folder, print)
    const { kind = 'doc', actor = 'system' } = options
    const failed = await importFiles(config, logger, files, { kind, actor }, print)
    if (failed > 0) process.exitCode = 1
  })

program
  .command('import-hocuspocus')
  .description('bring in the documents of a stock Hocuspocus as rooms, each once; nothing is written there')
  .argument('<source>', 'its SQLite file, or the URL of its Postgres')
  .option('--kind <kind>', 'the kind of the rooms whose names have none', 'doc')
  .option('--actor <id>', 'who stands in the log as their author', 'system')
  .option('--table <name>', 'the table, or schema.table', 'documents')
  .option('--name-column <name>', 'the column of the names', 'name')
  .option('--data-column <name>', 'the column of the Yjs states', 'data')
  .option('--dry-run', 'say what would be imported and what is broken, and change nothing')
  .action(async (source: string, options: ImportHocuspocusOptions) => {
    const config = readConfig(process.env)
    if ((await importHocuspocus(config, commandLogger(), source, options, print)) > 0) process.exitCode = 1
  })

program
  .command('erase-person')
  .description(
    'erase a person: their name everywhere, their inbox, and what is kept of them alone; says what stays',
  )
  .argument('<id>', "the person's id, as in tokens")
  .option('--dry-run', 'say what would be removed and kept, and change nothing')
  .option('--by <id>', 'who stands in the audit log', 'system')
  .action((id: string, options: ErasePersonFlags) => {
    const person = userIdSchema.safeParse(id)
    if (!person.success) program.error(`syncline: a person's id ${firstIssue(person.error)}`)
    return erasePersonCommand(readConfig(process.env), commandLogger(), person.data, options, print)
  })

program
  .command('replay')
  .description('type a recorded session through real clients and check the text to the letter')
  .argument('[trace]', 'a recording, .json or .json.gz')
  .option(
    '--build <lines>',
    'publish a generated build with so long a log instead, while a reader drops and returns',
  )
  .option('--url <url>', 'the server', 'http://127.0.0.1:1234')
  .option('--room <name>', 'the room to use; a new one if not given')
  .option('--token <token>', 'a token with write access; a development server gives one by itself')
  .option('--speed <n>', 'transactions or events a second; 0 is as fast as they are saved', speed, 0)
  .action(replayAction)

const generate = program.command('generate').description("write code into an application's folder")
const target = (): Option =>
  new Option('--target <framework>', "also mount Syncline in the application's own server").choices(TARGETS)

generate
  .command('channel')
  .description('a typed channel: schemas, a React hook and a test, known to syncline.config.ts')
  .argument('<name>', 'the kind of its rooms, such as order')
  .requiredOption('--events <names>', 'its events, with commas between them: placed,line.added', names)
  .option('--dir <folder>', "the application's folder", '.')
  .addOption(target())
  .action((name: string, options: GenerateChannelOptions) => generateChannel(name, options, print))

generate
  .command('server')
  .description("the code that mounts Syncline in the application's own server")
  .addOption(target().makeOptionMandatory())
  .option('--dir <folder>', "the application's folder", '.')
  .action((options: { target: Target; dir: string }) => generateServer(options.target, options.dir, print))

try {
  await program.parseAsync()
} catch (error) {
  if (!readerGone.signal.aborted)
    program.error(`syncline: ${error instanceof Error ? error.message : String(error)}`)
}

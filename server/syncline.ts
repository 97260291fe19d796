#!/usr/bin/env node
import { Command, InvalidArgumentError } from 'commander'
import { grantsSchema } from './access/grants.ts'
import { signToken } from './access/token.ts'
import { replayAction } from './commands/replay.ts'
import { verify } from './commands/verify.ts'
import { readConfig } from './config.ts'
import { createLogger } from './observe/log.ts'
import { VERSION } from './package.ts'
import type { Grants } from './protocol.ts'
import { openDatabase } from './storage/database.ts'

const print = (line: string) => process.stdout.write(`${line}\n`)

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
    await (await openDatabase(config.storage, createLogger(config.logLevel))).close()
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
  .description('rebuild each room from its log and compare it with its snapshots; the server must be stopped')
  .option('--room <name>', 'this room only')
  .option('--release', 'with --room: let people into the quarantined room again')
  .action(async (options: { room?: string; release?: boolean }) => {
    if (options.release && options.room === undefined) program.error('syncline: --release needs --room')
    const config = readConfig(process.env)
    const damaged = await verify(config.storage, createLogger('warn'), options, print)
    if (damaged > 0) process.exitCode = 1
  })

program
  .command('replay')
  .description('type a recorded session through real clients and check the text to the letter')
  .argument('<trace>', 'a recording, .json or .json.gz')
  .option('--url <url>', 'the server', 'http://127.0.0.1:1234')
  .option('--room <name>', 'the room to type into; a new one if not given')
  .option('--token <token>', 'a token with write access; a development server gives one by itself')
  .option('--speed <n>', 'transactions a second; 0 is as fast as they are saved', '0')
  .action(replayAction)

try {
  await program.parseAsync()
} catch (error) {
  program.error(`syncline: ${error instanceof Error ? error.message : String(error)}`)
}

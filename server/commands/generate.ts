import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { BUILT_IN } from '../channels/kinds/built-in.ts'
import { type ChannelPlan, channelFiles } from '../generate/channel.ts'
import { advice, CONFIG_FILE, withChannel } from '../generate/config-file.ts'
import { mountFile, NEEDS, type Target } from '../generate/mount.ts'
import type { GeneratedFile } from '../generate/source.ts'
import { EVENT_NAME, ROOM_KIND } from '../protocol.ts'

export interface GenerateChannelOptions {
  readonly events: readonly string[]
  /** The application's folder. */
  readonly dir: string
  readonly target?: Target
}

type Print = (line: string) => void

/** Writes a typed channel into an application's folder; overwrites nothing. */
export async function generateChannel(
  kind: string,
  { events, dir, target }: GenerateChannelOptions,
  print: Print,
): Promise<void> {
  check({ kind, events })
  const files = [...channelFiles({ kind, events }), ...(target === undefined ? [] : [mountFile(target)])]
  refuseExisting(dir, files)
  const configPath = join(dir, CONFIG_FILE)
  const present = existsSync(configPath) ? await readFile(configPath, 'utf8') : undefined
  const config = withChannel(present, kind)
  await write(dir, files, print)
  if (config === undefined) print(advice(kind))
  else {
    await writeFile(configPath, config)
    print(`${present === undefined ? 'wrote' : 'added it to'} ${configPath}`)
  }
  print(`Now say in ${join(dir, `channels/${kind}.ts`)} what each event carries; then: node --test`)
  if (target !== undefined) print(mountAdvice(target))
}

/** Writes the code that mounts Syncline in an application's own server; overwrites nothing. */
export async function generateServer(target: Target, dir: string, print: Print): Promise<void> {
  const files = [mountFile(target)]
  refuseExisting(dir, files)
  await write(dir, files, print)
  print(mountAdvice(target))
}

const mountAdvice = (target: Target): string =>
  `syncline.${target}.ts says at its top how to use it. Write its signedIn(), set JWT_SECRET, and: npm install ${NEEDS}`

function check({ kind, events }: ChannelPlan): void {
  if (!ROOM_KIND.test(kind))
    throw new Error(
      `${JSON.stringify(kind)} is no name of a channel; it must be a lower-case word such as order`,
    )
  const builtIn = BUILT_IN.find(({ name }) => name === kind)
  for (const [index, event] of events.entries()) {
    if (!EVENT_NAME.test(event))
      throw new Error(`${JSON.stringify(event)} is no event; it must be a word such as placed or line.added`)
    if (events.indexOf(event) !== index) throw new Error(`the event ${event} is named twice`)
    if (builtIn !== undefined && Object.hasOwn(builtIn.events, event))
      throw new Error(`${kind}.${event} is built in`)
  }
}

/** Before anything is written: half a channel is of no use. */
function refuseExisting(dir: string, files: readonly GeneratedFile[]): void {
  const there = files.map(({ path }) => join(dir, path)).filter((path) => existsSync(path))
  if (there.length > 0)
    throw new Error(`nothing was written, because this is there already: ${there.join(', ')}`)
}

async function write(dir: string, files: readonly GeneratedFile[], print: Print): Promise<void> {
  for (const { path, text } of files) {
    const whole = join(dir, path)
    await mkdir(dirname(whole), { recursive: true })
    await writeFile(whole, text, { flag: 'wx' })
    print(`wrote ${whole}`)
  }
}

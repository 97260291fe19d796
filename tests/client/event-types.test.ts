import { execFile } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const TSC = join(ROOT, 'node_modules/.bin/tsc')
let application: string

/** What TypeScript objects to. */
const compile = (args: readonly string[], cwd: string): Promise<string> =>
  new Promise((resolve) => execFile(TSC, args, { cwd }, (_error, stdout) => resolve(stdout.trim())))

/** An application beside the package as it is published: nothing but its declarations. */
beforeAll(async () => {
  application = await mkdtemp(join(tmpdir(), 'syncline-types-'))
  const modules = join(application, 'node_modules')
  const installed = join(modules, 'syncline')
  await mkdir(installed, { recursive: true })
  for (const name of await readdir(join(ROOT, 'node_modules')))
    if (!name.startsWith('.')) await symlink(join(ROOT, 'node_modules', name), join(modules, name))
  await copyFile(join(ROOT, 'package.json'), join(installed, 'package.json'))
  const emit = ['--declaration', '--emitDeclarationOnly', '--sourceMap', 'false']
  expect(
    await compile(['-p', 'tsconfig.build.json', ...emit, '--outDir', join(installed, 'dist')], ROOT),
  ).toBe('')
  await writeFile(join(application, 'package.json'), '{"type":"module"}')
}, 300_000)
afterAll(() => rm(application, { recursive: true, force: true }))

const objections = async (source: string): Promise<string> => {
  await writeFile(join(application, 'application.ts'), source)
  const options = ['--strict', '--noEmit', '--module', 'nodenext', '--target', 'es2024', '--skipLibCheck']
  return compile([...options, '--lib', 'es2024,dom', '--types', '', 'application.ts'], application)
}

const OWN_KIND = `
  import { z } from 'zod'
  import { defineKind, event, type PayloadsOf } from 'syncline'
  import type { Room } from 'syncline/client'
  declare const room: Room
  const recipe = defineKind('recipe', { cooked: event(z.object({ minutes: z.number() })) })
  declare module 'syncline/client' {
    interface EventPayloads extends PayloadsOf<typeof recipe> {}
    interface EventPayloads {
      readonly 'recipe.eaten': { readonly by: string }
    }
  }
`

describe('the types of events, in an application', { timeout: 60_000 }, () => {
  it('[EVT40] know what the built-in ones and the application’s own carry', async () => {
    const source = `${OWN_KIND}
      room.on('build.progress', ({ payload, seq, type }) => {
        const share: number = payload.share
        const name: 'build.progress' = type
        // @ts-expect-error it has no such field
        payload.speed
      })
      room.on('recipe.cooked', ({ payload }) => { const minutes: number = payload.minutes })
      room.on('recipe.eaten', ({ payload }) => { const by: string = payload.by })
      room.listen({ events: (events) => {
        for (const event of events) if (event.type === 'build.failed') { const why: string = event.payload.message }
      } })
      const { seq } = await room.publish('build.progress', { share: 0.5 })
      await room.publish('recipe.cooked', { minutes: 3 }, { id: 'x' })
      // @ts-expect-error wrong payload
      await room.publish('build.progress', { share: 'half' })
      // @ts-expect-error wrong payload of its own
      await room.publish('recipe.cooked', { minutes: '3' })
      // @ts-expect-error there is no such type
      await room.publish('build.exploded', {})
      // @ts-expect-error there is no such type
      room.on('recipe.burnt', () => {})
    `
    expect(await objections(source)).toBe('')
  })

  it('[EVT40] has a control: the same mistakes are objected to where nobody expects them', async () => {
    const said = await objections(`${OWN_KIND}
      room.publish('build.progress', { share: 'half' })
      room.publish('recipe.cooked', { minutes: '3' })
      room.on('recipe.burnt', () => {})
    `)
    expect(said.match(/error TS\d+/g)).toHaveLength(3)
  })
})

it('[SDK42] what the client and its hooks take and give has types that an application can name', async () => {
  const source = `
    import type { ChatState, ConnectOptions, Outcome, Role, Room, SocketClass, UnsentListener, Waiting } from 'syncline/client'
    import { SynclineProvider, type SynclineProviderProps } from 'syncline/react'
    declare const [room, chat, given, props]: [Room, ChatState, ConnectOptions, SynclineProviderProps]
    const role: Role | undefined = chat.role
    const socket: SocketClass | undefined = given.WebSocket
    const told: (Outcome | Waiting)[] = []
    const listener: UnsentListener = {
      waiting: (events: readonly Waiting[]) => told.push(...events),
      outcome: (outcome: Outcome) => told.push(outcome),
    }
    room.onUnsent(listener)
    SynclineProvider(props)
  `
  expect(await objections(source)).toBe('')
}, 60_000)

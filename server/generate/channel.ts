import { type GeneratedFile, source } from './source.ts'

/** A channel that is to be written: the events of rooms `kind:…`. */
export interface ChannelPlan {
  readonly kind: string
  readonly events: readonly string[]
}

/** `purchase-order` → `PurchaseOrder`. */
const pascal = (kind: string): string =>
  kind.replace(/(?:^|-+)([a-z0-9]?)/g, (_, letter: string) => letter.toUpperCase())

/** What the kind is called in the code. */
export const constantOf = (kind: string): string =>
  `${pascal(kind).replace(/^./, (c) => c.toLowerCase())}Channel`

const quoted = (text: string): string => `'${text}'`
const key = (event: string): string => (/^[a-z][a-z0-9_]*$/.test(event) ? event : quoted(event))
const list = (lines: readonly string[]): string => lines.join('\n')

/** The channel's own files; its line in syncline.config.ts is the business of `config-file.ts`. */
export const channelFiles = (plan: ChannelPlan): readonly GeneratedFile[] => [
  { path: `channels/${plan.kind}.ts`, text: schemaFile(plan) },
  { path: `channels/use${pascal(plan.kind)}.ts`, text: hookFile(plan) },
  { path: `channels/${plan.kind}.test.ts`, text: testFile(plan) },
]

const schemaFile = ({ kind, events }: ChannelPlan): string => source`
  import { defineKind, event, z } from 'syncline'

  /**
   * The events of rooms \`${kind}:…\`: what each carries, and the least role that publishes it and is told of it
   * (read < comment < write < admin). Say here what yours carry; the server refuses everything else.
   */
  export const ${constantOf(kind)} = defineKind(${quoted(kind)}, {
  ${list(
    events.map(
      (event) =>
        `  ${key(event)}: event(z.strictObject({ note: z.string().max(500).optional() }), { publish: 'write', read: 'read' }),`,
    ),
  )}
  })
`

const hookFile = ({ kind, events }: ChannelPlan): string => source`
  import type { PayloadsOf } from 'syncline'
  import type { EventOf, Room } from 'syncline/client'
  import * as syncline from 'syncline/react'
  import type { ${constantOf(kind)} } from './${kind}.ts'

  // From here on \`room.on\` and every hook know these events and what they carry.
  declare module 'syncline/client' {
    interface EventPayloads extends PayloadsOf<typeof ${constantOf(kind)}> {}
  }

  const TYPES = [
  ${list(events.map((event) => `  ${quoted(`${kind}.${event}`)},`))}
  ] as const

  export interface ${pascal(kind)}Events {
    readonly room: Room
    /** The newest, oldest first. */
    readonly events: readonly EventOf<(typeof TYPES)[number]>[]
  }

  /** The room \`${kind}:<id>\` and its events, kept up to date while the component is there. */
  export function use${pascal(kind)}(id: string): ${pascal(kind)}Events {
    const room = syncline.useRoom(\`${kind}:\${id}\`)
    return { room, events: syncline.useEvents(room, TYPES) }
  }
`

const testFile = ({ kind, events }: ChannelPlan): string => source`
  import assert from 'node:assert/strict'
  import { randomUUID } from 'node:crypto'
  import { test } from 'node:test'
  import type { PayloadsOf } from 'syncline'
  import config from '../syncline.config.ts'
  import { ${constantOf(kind)} as channel } from './${kind}.ts'

  /** One right payload of each event; TypeScript tells when a schema has changed. */
  const examples: PayloadsOf<typeof channel> = {
  ${list(events.map((event) => `  ${quoted(`${kind}.${event}`)}: { note: 'an example' },`))}
  }

  test('the server is told of the channel', () => {
    assert.ok(config.kinds.some((kind) => kind === channel), 'it stands in the kinds of syncline.config.ts')
  })

  for (const [event, { payload: schema }] of Object.entries(channel.events)) {
    const type = \`${kind}.\${event}\`
    const example: object | undefined = Object.entries(examples).find(([name]) => name === type)?.[1]

    test(\`\${type} takes its example\`, () => {
      assert.deepEqual(schema.safeParse(example).error, undefined)
    })

    test(\`\${type} refuses what it does not know\`, () => {
      assert.equal(schema.safeParse({ ...example, 'no such key': true }).success, false)
      assert.equal(schema.safeParse('not an object').success, false)
    })
  }

  // A server that runs with this syncline.config.ts: SYNCLINE_URL=http://127.0.0.1:1234 node --test
  const { SYNCLINE_URL: url, SYNCLINE_TOKEN: given } = process.env

  test('a running server takes each event, and gives it back', { skip: url === undefined }, async () => {
    const room = \`${kind}:test-\${randomUUID()}\`
    const headers = { authorization: \`Bearer \${given ?? (await developmentToken())}\`, 'content-type': 'application/json' }
    const address = \`\${url}/api/v1/rooms/\${encodeURIComponent(room)}/events\`
    const drafts = Object.entries(examples).map(([type, payload]) => ({ type, payload }))
    const published = await fetch(address, { method: 'POST', headers, body: JSON.stringify(drafts) })
    assert.equal(published.status, 200, await published.text())
    const page = (await (await fetch(address, { headers })).json()) as { events: typeof drafts }
    assert.deepEqual(page.events.map(({ type, payload }) => ({ type, payload })), drafts)
  })

  /** A server in development mode gives one to whoever asks; another's stands in SYNCLINE_TOKEN. */
  async function developmentToken(): Promise<string> {
    const answer = await fetch(\`\${url}/api/v1/dev/token\`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ user: { id: 'tester' }, grants: { '${kind}:*': 'admin' } }),
    })
    assert.equal(answer.status, 200, 'set SYNCLINE_TOKEN: the server does not run in development mode')
    return ((await answer.json()) as { token: string }).token
  }
`

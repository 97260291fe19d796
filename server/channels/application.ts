import { pathToFileURL } from 'node:url'
import { z } from 'zod'
import { ConfigError } from '../config.ts'
import { EVENT_NAME, ROLES, ROOM_KIND } from '../protocol.ts'
import { jsonSchemaOf } from './describe.ts'
import type { About, Kind } from './kind.ts'

/** What an application's `syncline.config.ts` exports as its default. */
export interface SynclineConfig {
  /** Kinds of rooms of its own, and events of its own for the kinds that are built in. */
  readonly kinds: readonly Kind[]
}

/** Gives the default export of `syncline.config.ts` its type. */
export const defineConfig = (config: SynclineConfig): SynclineConfig => config

/** Looked at, and not asked what it is an instance of: an application has a zod of its own. */
const isSchema = (value: unknown): value is z.ZodType =>
  typeof value === 'object' &&
  value !== null &&
  '_zod' in value &&
  'safeParse' in value &&
  typeof value.safeParse === 'function'

const payload = z.custom<z.ZodType>(isSchema, 'must be a schema of zod 4').check((context) => {
  try {
    jsonSchemaOf(context.value)
  } catch (error) {
    context.issues.push({
      code: 'custom',
      input: context.value,
      message: `cannot be described: ${messageOf(error)}`,
    })
  }
})

const name = (form: RegExp, example: string) =>
  z.string('must be a text').regex(form, `must be a lower-case word such as ${example}`)

const role = z.enum(ROLES, `must be one of ${ROLES.join(', ')}`)

const about = z.strictObject({
  field: z.string().min(1),
  types: z.array(z.string()).min(1),
  by: z.enum(['author', 'author or admin', 'anyone']),
}) satisfies z.ZodType<About>

const kindSchema = z.strictObject({
  name: name(ROOM_KIND, 'order'),
  events: z.record(
    name(EVENT_NAME, 'placed or line.added'),
    z.strictObject(
      { payload, publish: role, read: role, about: about.optional().transform((rule) => rule) },
      'must be made with event(…)',
    ),
    'must be an object of events',
  ),
  keepDays: z.int('must be a number of days').min(1).max(36_500).optional(),
  everywhere: z
    .union([z.boolean(), z.array(z.string())], 'must be true, false or a list of events')
    .optional(),
})

const configSchema = z.strictObject(
  { kinds: z.array(kindSchema, 'must be an array of kinds') },
  'must be an object such as { kinds: […] }',
)

/**
 * The kinds that are built in, and those of the application's file beside them.
 * @throws ConfigError naming everything that is wrong in the file
 */
export async function withApplicationKinds(
  builtIn: readonly Kind[],
  file: string | undefined,
): Promise<readonly Kind[]> {
  if (file === undefined) return builtIn
  const exported = await load(file)
  if (exported === undefined)
    throw new ConfigError([`${file} has no default export: export default defineConfig({ kinds: […] })`])
  const parsed = configSchema.safeParse(exported)
  if (!parsed.success)
    throw new ConfigError(parsed.error.issues.map((issue) => `${file} ${problemOf(issue, exported)}`))
  const problems: string[] = []
  const kinds = merge(builtIn, parsed.data.kinds, problems)
  if (problems.length > 0) throw new ConfigError(problems.map((problem) => `${file} ${problem}`))
  return kinds
}

async function load(file: string): Promise<unknown> {
  const { href } = pathToFileURL(file)
  try {
    const loaded: { readonly default?: unknown } = await import(href)
    return loaded.default
  } catch (error) {
    throw new ConfigError([`${file}${lineOf(error, href, file)} cannot be loaded: ${messageOf(error)}`])
  }
}

/** An application's events for a kind that is there already stand beside those that it has, and replace none. */
function merge(
  builtIn: readonly Kind[],
  added: z.output<typeof configSchema>['kinds'],
  problems: string[],
): readonly Kind[] {
  const kinds = new Map<string, Kind>(builtIn.map((kind) => [kind.name, kind]))
  for (const { name, events, keepDays, everywhere } of added) {
    const known = kinds.get(name)
    for (const event of Object.keys(events))
      if (known !== undefined && Object.hasOwn(known.events, event))
        problems.push(`defines ${name}.${event}, which is there already`)
    const spread = namesOf(everywhere, events)
    for (const event of spread)
      if (!Object.hasOwn(events, event))
        problems.push(`says everywhere of ${name}.${event}, which it does not define`)
    kinds.set(name, {
      name,
      events: { ...known?.events, ...events },
      keepDays: keepDays ?? known?.keepDays,
      everywhere: [...namesOf(known?.everywhere, known?.events ?? {}), ...spread],
    })
  }
  return [...kinds.values()]
}

/** Those events of a kind that may be published in rooms of all kinds. */
const namesOf = (everywhere: Kind['everywhere'] = false, events: object): readonly string[] =>
  everywhere === true ? Object.keys(events) : everywhere || []

/** With the name of the kind that it is about, where it has one. */
function problemOf({ path, code, message, ...issue }: z.core.$ZodIssue, exported: unknown): string {
  const said =
    code === 'unrecognized_keys' && 'keys' in issue
      ? `knows no ${issue.keys.join(', ')}`
      : code === 'invalid_key' && 'issues' in issue
        ? (issue.issues[0]?.message ?? message)
        : message
  const [, index] = path
  const kind = typeof index === 'number' ? nameAt(exported, index) : undefined
  const where = path.map(String).join('.')
  return [where, kind === undefined ? '' : `(${kind})`, said].filter((part) => part !== '').join(' ')
}

function nameAt(exported: unknown, index: number): string | undefined {
  const kinds = z.object({ kinds: z.array(z.unknown()) }).safeParse(exported)
  const named = z.object({ name: z.string() }).safeParse(kinds.data?.kinds[index])
  return named.data?.name.slice(0, 64)
}

const messageOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n', 1)[0] ?? ''

/** `:12` where the stack tells the line of the file itself. */
function lineOf(error: unknown, href: string, file: string): string {
  const stack = error instanceof Error ? (error.stack ?? '') : ''
  for (const place of [href, file]) {
    const at = stack.indexOf(`${place}:`)
    const line = at < 0 ? undefined : /^\d+/.exec(stack.slice(at + place.length + 1))?.[0]
    if (line !== undefined) return `:${line}`
  }
  return ''
}

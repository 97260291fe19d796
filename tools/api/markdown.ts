/** What this reads of an OpenAPI document. */
export interface OpenApi {
  readonly info: { readonly version: string }
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> }
}

export interface Operation {
  readonly summary?: string
  readonly description?: string
  readonly tags?: readonly string[]
  readonly security?: readonly Readonly<Record<string, readonly string[]>>[]
  readonly parameters?: readonly {
    readonly name: string
    readonly in: string
    readonly required?: boolean
    readonly description?: string
    readonly schema?: Schema
  }[]
  readonly requestBody?: { readonly description?: string; readonly content: Content }
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content?: Content }>>
}

type Content = Readonly<Record<string, { readonly schema?: Schema; readonly example?: unknown }>>

interface Schema {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly format?: string
  readonly description?: string
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly default?: unknown
  readonly minimum?: number
  readonly maximum?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly minItems?: number
  readonly maxItems?: number
  readonly items?: Schema
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean | Schema
  readonly oneOf?: readonly Schema[]
  readonly anyOf?: readonly Schema[]
  readonly allOf?: readonly Schema[]
}

const INTRODUCTION = `# The HTTP API

Made by \`npm run api -- --write\` out of the OpenAPI document that every server has at \`/api/v1/openapi.json\`; a test holds the two equal.

- **Tokens.** \`Authorization: Bearer …\`, never in the address. Each route says which role it needs: in the room that the address names, or
  \`*:*\`, which is everywhere. How to sign tokens: [guides/backend.md](guides/backend.md).
- **Refusals** look the same everywhere, \`{"error": {"code", "message", "retryable"}}\`, and have the codes of [ERRORS.md](ERRORS.md). Every route may
  answer \`request-invalid\` (400), \`rate-limited\` (429) and \`storage-unavailable\` (503, with \`Retry-After\`); one that takes a token \`token-missing\`,
  \`token-invalid\` and \`token-expired\` (401), \`revoked\` and \`forbidden\` (403); one that names a room \`room-name-invalid\` (400), \`room-not-found\` (404),
  \`room-deleted\` (410) and \`room-quarantined\` (503). \`forbidden\` comes first: who has no role in a room is not told whether it exists.
- **Pages** end with a \`next\` or \`before\` that is given back to have the following one, and null on the last.
- **Repeats.** Where a route takes an \`Idempotency-Key\`, the same request with the same key takes effect once, so it can be sent again whenever its
  answer was lost.
- What is marked with \`?\` may be left out.
`

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ')
const anchorOf = (title: string): string =>
  title
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\- ]/gu, '')
    .replaceAll(' ', '-')

const nameOf = (reference: string): string => reference.split('/').at(-1) ?? ''
const literal = (value: unknown): string => `\`${JSON.stringify(value)}\``

/** A type in a few words, as a cell of a table has room for. */
function typeOf(schema: Schema | undefined): string {
  if (schema === undefined) return 'anything'
  if (schema.$ref !== undefined) return `[${nameOf(schema.$ref)}](#type-${anchorOf(nameOf(schema.$ref))})`
  if (schema.const !== undefined) return literal(schema.const)
  if (schema.enum !== undefined)
    return schema.enum.length > 16 ? 'one of the codes' : schema.enum.map(literal).join(' or ')
  const among = schema.oneOf ?? schema.anyOf
  if (among !== undefined) return [...new Set(among.map(typeOf))].join(' or ')
  if (schema.allOf !== undefined) return schema.allOf.map(typeOf).join(' and ')
  const types = [schema.type ?? 'anything'].flat()
  return types.map((type) => simpleType(type, schema)).join(' or ')
}

function simpleType(type: string, schema: Schema): string {
  if (type === 'array') return `list of ${typeOf(schema.items)}${within(schema.minItems, schema.maxItems)}`
  if (type === 'object') {
    const { additionalProperties: values } = schema
    return typeof values === 'object' && schema.properties === undefined
      ? `object of ${typeOf(values)}`
      : 'object'
  }
  if (type === 'string' && schema.format !== undefined) return schema.format
  if (type === 'string') return `string${within(schema.minLength, schema.maxLength, 'characters')}`
  if (type === 'integer' || type === 'number') return `${type}${within(schema.minimum, schema.maximum)}`
  return type
}

/** Bounds that say something; those of what a number can hold do not. */
function within(least: number | undefined, most: number | undefined, what = ''): string {
  const known = most !== undefined && Math.abs(most) < Number.MAX_SAFE_INTEGER ? most : undefined
  const from = least !== undefined && least > -Number.MAX_SAFE_INTEGER ? least : undefined
  const words =
    known === undefined
      ? from === undefined || from <= 1
        ? ''
        : `at least ${from}`
      : from === undefined
        ? `at most ${known}`
        : `${from} to ${known}`
  return words === '' ? '' : ` (${[words, what].filter((part) => part !== '').join(' ')})`
}

interface Field {
  readonly name: string
  readonly schema: Schema
  readonly required: boolean
}

/** The fields of an object, those of objects within it under their names: `user.id`, `lines[].text`. */
function fieldsOf(schema: Schema, prefix = ''): readonly Field[] {
  const { properties = {}, required = [] } = schema
  return Object.entries(properties).flatMap(([name, inner]) => {
    const field = { name: `${prefix}${name}`, schema: inner, required: required.includes(name) }
    const items = inner.type === 'array' ? inner.items : undefined
    if (items?.properties !== undefined) return [field, ...fieldsOf(items, `${field.name}[].`)]
    return [field, ...fieldsOf(inner, `${field.name}.`)]
  })
}

const meaningOf = ({ description = '', default: otherwise }: Schema): string =>
  [description, otherwise === undefined ? '' : `Default ${literal(otherwise)}`]
    .filter((part) => part !== '')
    .join('. ')

function tableOf(fields: readonly Field[]): readonly string[] {
  if (fields.length === 0) return []
  return [
    '| field | type | |',
    '| --- | --- | --- |',
    ...fields.map(
      ({ name, schema, required }) =>
        `| \`${name}${required ? '' : '?'}\` | ${cell(typeOf(schema))} | ${cell(meaningOf(schema))} |`,
    ),
    '',
  ]
}

/** A schema that has no name of its own, written out where it stands. */
function written(schema: Schema): readonly string[] {
  const among = schema.oneOf ?? schema.anyOf
  if (among?.some(({ properties }) => properties !== undefined))
    return among.flatMap((one, index) => [index === 0 ? 'One of these:' : 'or', '', ...written(one)])
  if (schema.properties !== undefined) return tableOf(fieldsOf(schema))
  return [`${typeOf(schema)}. ${meaningOf(schema)}`.trim(), '']
}

function contentOf(content: Content | undefined): string {
  const types = Object.entries(content ?? {})
  if (types.length === 0) return ''
  const [media = '', { schema } = {}] = types[0] ?? []
  if (types.length === 1 && media === 'application/json' && schema?.$ref !== undefined) return typeOf(schema)
  if (types.length === 1 && media === 'application/json') return 'JSON'
  return types.map(([type]) => `\`${type.split(';')[0]}\``).join(', ')
}

/** The room in which a route needs a role, as its address names it. */
function whereOf(path: string): string {
  if (path.includes('{project}')) return ' in `project:{project}`'
  if (path.includes('/users/{id}')) return ' in `user:{id}`'
  return path.includes('{room}') ? ' in the room' : ' in a room'
}

function callerOf(path: string, { security }: Operation): string {
  if (security === undefined) return 'Anybody.'
  const roles = security.flatMap((requirement) => Object.values(requirement).flat())
  if (roles.length === 0) return 'Any valid token.'
  return `A token with the role ${roles.map((role) => (role.includes(' ') ? `\`${role.split(' ')[0]}\` in \`*:*\`` : `\`${role}\`${whereOf(path)}`)).join(', ')}.`
}

/** The body of a request, with an example of it. */
function bodyOf({ requestBody }: Operation): readonly string[] {
  const [[media, { schema, example }] = ['', {}]] = Object.entries(requestBody?.content ?? {})
  if (schema === undefined) return []
  const meaning = requestBody?.description === undefined ? '' : `. ${requestBody.description}`
  const isJson = media === 'application/json'
  const inner = schema.$ref === undefined ? written(schema) : []
  return [
    isJson
      ? `**Body** (JSON)${schema.$ref === undefined ? ':' : `: ${typeOf(schema)}`}`
      : `**Body** (\`${media}\`)${meaning}`,
    '',
    ...(isJson ? inner : []),
    ...(example === undefined
      ? []
      : typeof example === 'string'
        ? ['```text', example, '```', '']
        : ['```json', pretty(example), '```', '']),
  ]
}

const onOneLine = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(onOneLine).join(', ')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  return `{ ${Object.entries(value)
    .map(([key, one]) => `"${key}": ${onOneLine(one)}`)
    .join(', ')} }`
}

/** JSON, each part of it on one line where that is short enough. */
function pretty(value: unknown, indent = ''): string {
  const line = onOneLine(value)
  if (typeof value !== 'object' || value === null || line.length <= 110) return line
  const inner = `${indent}  `
  const [open, close] = Array.isArray(value) ? '[]' : '{}'
  const parts = Array.isArray(value)
    ? value.map((one) => pretty(one, inner))
    : Object.entries(value).map(([key, one]) => `"${key}": ${pretty(one, inner)}`)
  return `${open}\n${parts.map((part) => inner + part).join(',\n')}\n${indent}${close}`
}

function routeOf(method: string, path: string, operation: Operation): readonly string[] {
  const { summary = '', description, parameters = [], responses } = operation
  const answers = Object.entries(responses).filter(([status]) => status !== 'default')
  return [
    `### ${method.toUpperCase()} ${path}`,
    '',
    `${summary}. ${description ?? ''}`.trim(),
    '',
    `**Who:** ${callerOf(path, operation)}`,
    '',
    ...(parameters.length === 0
      ? []
      : [
          '| parameter | in | type | |',
          '| --- | --- | --- | --- |',
          ...parameters.map(
            ({ name, in: where, required = false, description: told, schema = {} }) =>
              `| \`${name}${required ? '' : '?'}\` | ${where} | ${cell(typeOf(schema))} | ${cell(meaningOf({ ...schema, description: told ?? schema.description }))} |`,
          ),
          '',
        ]),
    ...bodyOf(operation),
    ...answers.flatMap(([status, { description: told, content }]) => {
      const [only] = Object.values(content ?? {})
      const shown = contentOf(content)
      const inline = shown === 'JSON' && only?.schema !== undefined ? written(only.schema) : []
      return [`**${status}** ${told}${shown === '' ? '' : `: ${shown}`}`, '', ...inline]
    }),
  ]
}

/** The document as a page: routes by what they are about, and then what travels. */
export function markdownOf({ paths, components }: OpenApi): string {
  const subjects = new Map<string, string[]>()
  for (const [path, methods] of Object.entries(paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      const subject = operation.tags?.[0] ?? 'Other'
      const lines = subjects.get(subject) ?? []
      lines.push(...routeOf(method, path, operation))
      subjects.set(subject, lines)
    }
  }
  const sections = [...subjects].sort(([a], [b]) => a.localeCompare(b))
  const schemas = Object.entries(components.schemas).sort(([a], [b]) => a.localeCompare(b))
  return [
    INTRODUCTION,
    ...sections.map(([subject]) => `- [${subject}](#${anchorOf(subject)})`),
    '- [What travels](#what-travels)',
    '',
    ...sections.flatMap(([subject, lines]) => [`## ${subject}`, '', ...lines]),
    '## What travels',
    '',
    ...schemas.flatMap(([name, schema]) => [
      `### Type ${name}`,
      '',
      ...(schema.description === undefined ? [] : [schema.description, '']),
      ...written(schema),
    ]),
  ]
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
    .trimEnd()
    .concat('\n')
}

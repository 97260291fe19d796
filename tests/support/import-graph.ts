import { posix } from 'node:path'

/** File (from the repository's root) to what it imports: files of the repository, or packages. */
export type ImportGraph = ReadonlyMap<string, readonly string[]>

const IMPORT =
  /^(?:import|export)\b[^'"`;]*?from\s*['"]([^'"]+)['"]|^import\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/gm

/**
 * What the client may import from the server as types alone: the schemas of the built-in kinds, so that what an event
 * carries is written down once. Types leave nothing behind; the schemas themselves would bring zod into browsers.
 */
const TYPES_FOR_CLIENT = 'server/channels/kinds/built-in.ts'
const typesOf = (file: string): string => `the types of ${file}`

/** What a source imports, relative names made whole. Comment lines are no imports. */
export function importsOf(file: string, text: string): readonly string[] {
  const code = text.replace(/^\s*(?:\/\/|\*|\/\*).*$/gm, '')
  return [...code.matchAll(IMPORT)].map((match) => {
    const name = match[1] ?? match[2] ?? match[3] ?? ''
    const target = name.startsWith('.') ? posix.join(posix.dirname(file), name) : name
    const forTypes = target === TYPES_FOR_CLIENT && match[0].startsWith('import type ')
    return forTypes ? typesOf(target) : target
  })
}

const BASE = [
  'bucket',
  'bus',
  'rounds',
  'housekeeping',
  'reset',
  'within',
  'priority',
  'nodes',
  'errors',
  'protocol',
  'records',
  'observe',
  'config',
  'package',
]
const BELOW_HTTP = ['access', 'log', 'storage', ...BASE]
const BELOW_REALTIME = ['documents', 'http', ...BELOW_HTTP]
/** Each builds on events, and none on another. */
const FEATURES = ['chat', 'notifications', 'presence', 'activity', 'comments', 'analytics', 'webhooks']
const ALL = [
  'app',
  'measured',
  'start',
  'cluster',
  'features',
  'administration',
  'contents',
  'commands',
  'generate',
  'realtime',
  'channels',
  'people',
  'backup',
  'transfer',
  'history',
  ...FEATURES,
  ...BELOW_REALTIME,
]

/** Part of the server to the parts that it may import, beside itself: top down, never up. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  main: [...ALL, 'studio'],
  syncline: [...ALL, 'main', 'studio'],
  attach: ALL,
  index: [...ALL, 'attach'],
  extension: ALL.filter((part) => !['app', 'start', 'commands'].includes(part)),
  start: ALL,
  app: ALL.filter((part) => part !== 'start'),
  contents: ['realtime', 'history', ...BELOW_REALTIME],
  measured: ['channels', 'history', 'webhooks', ...BELOW_REALTIME],
  cluster: BELOW_HTTP,
  features: [...FEATURES, 'realtime', 'channels', ...BELOW_REALTIME],
  administration: ['people', 'transfer', 'history', 'channels', ...BELOW_REALTIME],
  commands: ['generate', 'channels', 'people', 'backup', 'transfer', 'history', ...BELOW_REALTIME],
  realtime: ['channels', ...BELOW_REALTIME],
  channels: ['http', ...BELOW_HTTP],
  ...Object.fromEntries(FEATURES.map((part) => [part, ['channels', 'history', ...BELOW_REALTIME]])),
  people: ['chat', ...BELOW_REALTIME],
  backup: ['transfer', ...BELOW_REALTIME],
  transfer: ['history', ...BELOW_REALTIME],
  history: BELOW_REALTIME,
  generate: [],
  documents: ['http', ...BELOW_HTTP],
  http: BELOW_HTTP,
  access: ['storage', ...BASE],
  log: ['storage', ...BASE],
  storage: BASE,
  studio: BASE,
  config: ['errors', 'protocol', 'observe'],
  bucket: [],
  bus: [],
  nodes: ['bus'],
  observe: ['within'],
  rounds: [],
  housekeeping: ['observe'],
  reset: [],
  within: [],
  priority: [],
  errors: [],
  package: [],
  protocol: [],
  records: [],
}

/** Part of the client to the parts that it may import, beside itself. */
const CLIENT: Readonly<Record<string, readonly string[]>> = {
  sdk: [],
  react: ['sdk'],
  editors: ['sdk'],
  studio: ['sdk', 'react', 'editors'],
}

/** What the browser shares with the server; they import nothing at all, packages included. */
const SHARED = ['server/protocol.ts', 'server/errors.ts', 'server/records.ts', 'server/activity/groups.ts']

const partOf = (file: string): string => (file.split('/')[1] ?? '').replace(/\.tsx?$/, '')

/** Why this import is against the rules, if it is. */
function objection(file: string, target: string): string | undefined {
  const from = partOf(file)
  const to = partOf(target)
  const own = target.startsWith('server/') || target.startsWith('client/')
  if (SHARED.includes(file)) return 'imports nothing'
  if (file.startsWith('client/')) {
    if (target === typesOf(TYPES_FOR_CLIENT)) return undefined
    if (target === 'zod') return 'is for the server’s schemas'
    if (target.startsWith('server/')) return SHARED.includes(target) ? undefined : 'is a server’s'
    if (own) return to === from || CLIENT[from]?.includes(to) ? undefined : 'is above it'
    return from === 'sdk' && /^(react|react-dom|@mantine|@tiptap|monaco-editor)(\/|$)/.test(target)
      ? 'is no business of the sdk'
      : undefined
  }
  if (target.startsWith('client/')) return 'is a browser’s'
  if (own) return to === from || MAY_IMPORT[from]?.includes(to) ? undefined : 'is above it'
  if (target === 'ioredis' && from !== 'cluster') return 'is known to cluster alone'
  const hocuspocus = /^@hocuspocus\/(server|extension-)/.test(target)
  return hocuspocus && from !== 'realtime' ? 'is known to realtime alone' : undefined
}

/** Every import that goes against ARCHITECTURE's one way, and every part that it does not name. */
export function brokenRules(graph: ImportGraph): readonly string[] {
  return [...graph].flatMap(([file, imports]) => {
    const parts = file.startsWith('client/') ? CLIENT : MAY_IMPORT
    if (!Object.hasOwn(parts, partOf(file))) return [`${file} is in no part that the rules name`]
    return imports.flatMap((target) => {
      const why = objection(file, target)
      return why === undefined ? [] : [`${file} imports ${target}, which ${why}`]
    })
  })
}

/** The groups of files that import each other in a circle (Tarjan's strongly connected components). */
export function cycles(graph: ImportGraph): readonly (readonly string[])[] {
  const order = new Map<string, number>()
  const low = new Map<string, number>()
  const stack: string[] = []
  const found: string[][] = []

  const visit = (file: string): number => {
    const index = order.size
    order.set(file, index)
    low.set(file, index)
    stack.push(file)
    for (const target of graph.get(file) ?? []) {
      if (!graph.has(target)) continue
      const reach = order.has(target)
        ? stack.includes(target)
          ? (order.get(target) ?? index)
          : index
        : visit(target)
      low.set(file, Math.min(low.get(file) ?? index, reach))
    }
    if (low.get(file) === index) {
      const group = stack.splice(stack.indexOf(file))
      if (group.length > 1 || graph.get(file)?.includes(file)) found.push(group.sort())
    }
    return low.get(file) ?? index
  }

  for (const file of graph.keys()) if (!order.has(file)) visit(file)
  return found
}

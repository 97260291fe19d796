import { spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { parse } from 'yaml'
import { COUNTED, callers, mostConnections } from './connections.ts'
import { composeOf, type DockerFiles, podOf, ROOT, readDockerFiles, specsOf } from './files.ts'
import { untruths } from './untruths.ts'

const files = await readDockerFiles()

it('[OPS4] the files of docker/ name what there is: keys, ports, paths, sources, packages and versions', async () => {
  expect(await untruths(files)).toEqual([])
})

it('[OPS4] the objects of Kubernetes are those that it needs, and find each other', () => {
  const objects = specsOf(files['kubernetes/syncline.yaml'])
  expect([...objects.keys()]).toEqual(['Deployment', 'PodDisruptionBudget', 'Service'])
  const labels = { app: 'syncline' }
  expect(objects.get('Deployment')).toMatchObject({
    selector: { matchLabels: labels },
    template: {
      metadata: {
        labels,
        annotations: {
          'prometheus.io/scrape': 'true',
          'prometheus.io/port': String(podOf(files).containers[0].ports[0].containerPort),
          'prometheus.io/path': '/metrics',
        },
      },
    },
    strategy: { rollingUpdate: { maxUnavailable: 0 } },
  })
  expect(objects.get('PodDisruptionBudget')).toMatchObject({
    selector: { matchLabels: labels },
    maxUnavailable: 1,
  })
  expect(objects.get('Service')).toMatchObject({ selector: labels, ports: [{ targetPort: 'http' }] })
  const ingress: unknown = parse(files['kubernetes/ingress.example.yaml'])
  expect(ingress).toMatchObject({ kind: 'Ingress', metadata: { name: 'syncline' } })
})

/** What a service of compose does when it starts, up to its program: with what it is given in the environment of compose. */
async function started(service: string, given: Readonly<Record<string, string>>) {
  const secretsFolder = await mkdtemp(join(tmpdir(), 'syncline-secrets-'))
  onTestFinished(() => rm(secretsFolder, { recursive: true }))
  const compose = composeOf(files)
  const { entrypoint, environment = {}, secrets = [] } = compose.services[service] ?? {}
  for (const name of secrets)
    await writeFile(join(secretsFolder, name), given[compose.secrets[name]?.environment ?? ''] ?? '')
  const filled = (text: string) => text.replaceAll(/\$\{([A-Z_]+):-\}/g, (_, key: string) => given[key] ?? '')
  const env = Object.fromEntries(Object.entries(environment).map(([key, value]) => [key, filled(value)]))
  const script = entrypoint?.[2]
    .replaceAll('$$', '$')
    .replaceAll('/run/secrets', secretsFolder)
    .replace('exec ', 'echo ')
  const { status, stdout, stderr } = spawnSync('sh', ['-c', script ?? 'exit 9'], { env, encoding: 'utf8' })
  return { status, said: stdout + stderr }
}

it.each([
  ['prometheus', 'METRICS_TOKEN', '/bin/prometheus'],
  ['grafana', 'GRAFANA_PASSWORD', '/run.sh'],
])('[OPS7] %s starts with %s, and not without', async (service, key, program) => {
  expect(await started(service, { [key]: '' })).toEqual({
    status: 1,
    said: `${key} is empty: see docker/example.env\n`,
  })
  const control = await started(service, { [key]: 'x' })
  expect([control.status, control.said.split(/\s/)[0]]).toEqual([0, program])
})

type Control = readonly [name: string, file: keyof DockerFiles, from: string, to: string, told: string]

const controls: readonly Control[] = [
  ['a key that is none', 'compose.yaml', 'STOP_SECONDS:', 'STOP_SECOND:', 'STOP_SECOND is no key'],
  ['a value that is refused', 'kubernetes/syncline.yaml', '10.0.0.0/8', '10.0.0.0/40', 'TRUSTED_PROXIES'],
  ['a node without a key', 'compose.yaml', 'JWT_SECRET:', 'JWT_ISSUER:', 'JWT_SECRET'],
  ['a node without Redis', 'kubernetes/secret.example.yaml', 'REDIS_URL:', 'JWT_ISSUER:', 'alone'],
  ['another Node', 'Dockerfile', 'node:24.', 'node:22.', 'is not Node'],
  ['an image that moves', 'compose.yaml', 'redis:8.2.2-bookworm', 'redis:latest', 'not pinned'],
  ['root', 'Dockerfile', 'USER 1000:1000', '', 'as root'],
  ['a pod of root', 'kubernetes/syncline.yaml', 'runAsUser: 1000', 'runAsUser: 0', 'somebody else'],
  ['a source that is not there', 'Dockerfile.dockerignore', '!server', '!sources', 'there is no sources'],
  ['a source that is left out', 'Dockerfile.dockerignore', '!client', '', 'left out'],
  ['another port', 'Dockerfile', 'EXPOSE 1234', 'EXPOSE 8080', 'is told'],
  ['a node that is not there', 'Caddyfile', 'node-2', 'node-3', 'Caddy sends to'],
  ['a database that is not there', 'compose.yaml', '@postgres:', '@database:', 'no service database'],
  ['a path that is none', 'Caddyfile', '/health/ready', '/health/well', 'Caddy asks'],
  [
    'a node killed for its database',
    'kubernetes/syncline.yaml',
    '/health/live',
    '/health/ready',
    'startup asks',
  ],
  ['a program that is none', 'Dockerfile', 'syncline.js', 'main.js', 'not what package.json starts'],
  ['another young generation', 'Dockerfile', 'size=32', 'size=64', 'the image starts Node with other flags'],
  ['a package that is needed', 'Dockerfile', 'rm -rf ', 'rm -rf zod ', 'zod is removed'],
]

it.each(controls)('[OPS4] has a control: %s is told', async (_, file, from, to, told) => {
  expect(files[file]).toContain(from)
  expect((await untruths({ ...files, [file]: files[file].replace(from, to) })).join('\n')).toContain(told)
})

it.each<[keyof DockerFiles, string, string]>([
  ['compose.yaml', 'stop_grace_period: 50s', 'stop_grace_period: 20s'],
  ['kubernetes/syncline.yaml', 'terminationGracePeriodSeconds: 60', 'terminationGracePeriodSeconds: 30'],
  ['compose.yaml', 'STOP_SECONDS: "20"', 'STOP_SECONDS: "120"'],
])('[OPS5] a node has longer to stop than it may take, and less is told (%s)', async (file, from, to) => {
  expect(files[file]).toContain(from)
  const told = await untruths({ ...files, [file]: files[file].replace(from, to) })
  expect(told.join('\n')).toMatch(/has \d+ s to stop, and may take/)
})

it('[OPS8] Postgres has room for one node more than there are, each with all connections that it may have', async () => {
  expect(await callers('openPool(')).toEqual(COUNTED)
  expect(await callers('await this.#database.connect()')).toEqual(['log/lane.ts'])
  const most = await mostConnections()
  const page = await readFile(join(ROOT, 'docs/OPERATIONS.md'), 'utf8')
  expect(page).toContain(`and ${most} at most`)
  const told = await untruths({ ...files, 'compose.yaml': files['compose.yaml'].replace('=160', '=100') })
  expect(told).toEqual([`Postgres takes 100 connections, and may be asked for ${3 * most + 13}`])
})

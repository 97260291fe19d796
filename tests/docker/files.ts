import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse, parseAllDocuments } from 'yaml'
import { z } from 'zod'

export const ROOT = join(import.meta.dirname, '../..')

const NAMES = [
  'Dockerfile',
  'Dockerfile.dockerignore',
  'Caddyfile',
  'compose.yaml',
  'example.env',
  'kubernetes/syncline.yaml',
  'kubernetes/secret.example.yaml',
  'kubernetes/ingress.example.yaml',
] as const

/** The texts of docker/, by name. */
export type DockerFiles = Readonly<Record<(typeof NAMES)[number], string>>

export async function readDockerFiles(): Promise<DockerFiles> {
  const texts = NAMES.map(async (name) => [name, await readFile(join(ROOT, 'docker', name), 'utf8')] as const)
  return Object.fromEntries(await Promise.all(texts)) as DockerFiles
}

const variables = z.record(z.string(), z.string())

const composeSchema = z.object({
  services: z.record(
    z.string(),
    z.object({
      image: z.string(),
      build: z.object({ context: z.literal('..'), dockerfile: z.literal('docker/Dockerfile') }).optional(),
      environment: variables.optional(),
      entrypoint: z.tuple([z.literal('sh'), z.literal('-c'), z.string()]).optional(),
      command: z.array(z.string()).optional(),
      secrets: z.array(z.string()).optional(),
      healthcheck: z.object({ test: z.array(z.string()) }).optional(),
      stop_grace_period: z
        .string()
        .regex(/^\d+s$/)
        .optional(),
      read_only: z.boolean().optional(),
    }),
  ),
  secrets: z.record(z.string(), z.object({ environment: z.string() })),
})

export type Compose = z.infer<typeof composeSchema>

export const composeOf = (files: DockerFiles): Compose =>
  composeSchema.parse(parse(files['compose.yaml'], { merge: true }))

const probe = z.object({ httpGet: z.object({ path: z.string(), port: z.literal('http') }) })

const deploymentSchema = z.object({
  replicas: z.number().min(2),
  template: z.object({
    spec: z.object({
      terminationGracePeriodSeconds: z.number(),
      securityContext: z.object({ runAsNonRoot: z.boolean(), runAsUser: z.number() }),
      containers: z.tuple([
        z.object({
          image: z.string(),
          ports: z.tuple([z.object({ name: z.literal('http'), containerPort: z.number() })]),
          env: z.array(z.object({ name: z.string(), value: z.string() })),
          startupProbe: probe,
          livenessProbe: probe,
          readinessProbe: probe,
          lifecycle: z.object({
            preStop: z.object({ exec: z.object({ command: z.tuple([z.literal('sleep'), z.string()]) }) }),
          }),
        }),
      ]),
    }),
  }),
})

export type Pod = z.infer<typeof deploymentSchema>['template']['spec']

export const podOf = (files: DockerFiles): Pod =>
  deploymentSchema.parse(specsOf(files['kubernetes/syncline.yaml']).get('Deployment')).template.spec

export const secretOf = (files: DockerFiles): Readonly<Record<string, string>> =>
  z.object({ stringData: variables }).parse(parse(files['kubernetes/secret.example.yaml'])).stringData

/** The kinds of objects in a file, and what each says. */
export function specsOf(text: string): ReadonlyMap<string, unknown> {
  const schema = z.object({ kind: z.string(), metadata: z.object({ name: z.string() }), spec: z.unknown() })
  const objects = parseAllDocuments(text).map((document) => schema.parse(document.toJS()))
  return new Map(objects.map(({ kind, spec }) => [kind, spec]))
}

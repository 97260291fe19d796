import { spawnSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, expect, it } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { FAULTS } from '../../server/errors.ts'
import { METRICS } from '../../server/observe/metric-list.ts'
import { PACKAGE_ROOT } from '../../server/package.ts'
import { exported, type Query, untruths } from './queries.ts'

const read = (path: string) => readFile(join(PACKAGE_ROOT, 'docker', path), 'utf8')

const alertsSchema = z.strictObject({
  groups: z.array(
    z.strictObject({
      name: z.string(),
      rules: z.array(
        z.strictObject({
          alert: z.string().regex(/^Syncline[A-Z][A-Za-z]+$/),
          expr: z.string(),
          for: z
            .string()
            .regex(/^\d+[sm]$/)
            .optional(),
          labels: z.strictObject({ severity: z.enum(['critical', 'warning']) }),
          annotations: z.strictObject({ summary: z.string().min(20) }),
        }),
      ),
    }),
  ),
})

const dashboardSchema = z.object({
  uid: z.literal('syncline'),
  templating: z.object({ list: z.array(z.object({ name: z.string(), query: z.string() })) }),
  panels: z.array(
    z.object({
      id: z.int(),
      title: z.string(),
      gridPos: z.object({ x: z.int(), y: z.int(), w: z.int(), h: z.int() }),
      targets: z
        .array(z.object({ refId: z.string(), expr: z.string(), legendFormat: z.string() }))
        .optional(),
    }),
  ),
})

let alerts: readonly Query[]
let panels: readonly Query[]
let dashboard: z.infer<typeof dashboardSchema>
let metrics: Awaited<ReturnType<typeof exported>>

beforeAll(async () => {
  const { groups } = alertsSchema.parse(parse(await read('prometheus/alerts.yaml')))
  alerts = groups
    .flatMap(({ rules }) => rules)
    .map(({ alert, expr, annotations: { summary } }) => ({
      where: alert,
      expr,
      shown: [...summary.matchAll(/\$labels\.([a-z_]+)/g)].map(([, label = '']) => label),
    }))
  dashboard = dashboardSchema.parse(JSON.parse(await read('grafana/syncline.json')))
  panels = dashboard.panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr, legendFormat }) => ({
      where: title,
      expr,
      shown: [...legendFormat.matchAll(/\{\{([a-z_]+)\}\}/g)].map(([, label = '']) => label),
    })),
  )
  metrics = await exported()
})

it('[OBS40] every metric, label and value that alerts and dashboard ask for is told by a node', () => {
  expect(alerts.length).toBeGreaterThan(10)
  expect(panels.length).toBeGreaterThan(30)
  expect(untruths([...alerts, ...panels], metrics)).toEqual([])
})

it('[OBS40] counts as an error of the server what is alerted of as one', () => {
  const { expr = '' } = alerts.find(({ where }) => where === 'SynclineInternalErrors') ?? {}
  expect(/code=~"([^"]+)"/.exec(expr)?.[1]?.split('|').sort()).toEqual([...FAULTS].sort())
})

it('[OBS40] the dashboard shows every metric there is', () => {
  const asked = panels.map(({ expr }) => expr).join('\n')
  expect(
    Object.keys(METRICS).filter((name) => !new RegExp(`\\b${name}(_bucket|_sum)?\\b`).test(asked)),
  ).toEqual([])
})

it('[OBS40] the dashboard is one that Grafana takes: ids are different, panels beside each other, variables there', () => {
  const ids = dashboard.panels.map(({ id }) => id)
  expect(new Set(ids).size).toBe(ids.length)
  const taken = new Set<string>()
  for (const { title, gridPos } of dashboard.panels) {
    expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24)
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1)
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
        expect(taken.has(`${x} ${y}`), title).toBe(false)
        taken.add(`${x} ${y}`)
      }
  }
  expect(dashboard.templating.list.map(({ name }) => name)).toEqual(['datasource', 'instance'])
  const text = JSON.stringify(dashboard)
  for (const [, name = ''] of text.matchAll(/\$\{?([a-z]+)\}?/g))
    expect(['datasource', 'instance']).toContain(name)
})

it.each([
  ['a metric that has another name', 'syncline_commits_total', 'there is no syncline_commits_total'],
  ['a series of what has none', 'syncline_ready_bucket', 'syncline_ready_bucket is no series of a histogram'],
  [
    'a histogram without its series',
    'rate(syncline_commit_duration_seconds[5m])',
    'is no series of a histogram',
  ],
  ['a label that is not there', 'syncline_ready{room="doc:a"}', 'syncline_ready has no label room'],
  [
    'a value that never comes',
    'syncline_log_lanes{state="asleep"}',
    'state of syncline_log_lanes is never asleep',
  ],
  [
    'a code that is none',
    'rate(syncline_refusals_total{code=~"internal|oops"}[5m])',
    'code of syncline_refusals_total is never oops',
  ],
  ['a sum by what is not there', 'sum by (room) (syncline_ready)', 'nothing there has a label room'],
  ['the rate of a gauge', 'rate(syncline_ready[5m])', 'syncline_ready is a gauge, and rated'],
  ['a counter as it is', 'syncline_resyncs_total > 1', 'syncline_resyncs_total is a counter, and not rated'],
  [
    'a quantile of all buckets together',
    'histogram_quantile(0.9, sum(rate(syncline_commit_duration_seconds_bucket[5m])))',
    'a quantile needs le',
  ],
])('[OBS40] has a control: %s is told', (_, expr, told) => {
  expect(untruths([{ where: 'here', expr, shown: [] }], metrics).join('\n')).toContain(told)
})

it('[OBS40] has a control: a metric that was renamed in the server is told of alerts and dashboard', () => {
  const renamed = new Map([...metrics].map(([name, of]) => [name.replace('_ready', '_well'), of]))
  const told = untruths([...alerts, ...panels], renamed)
  expect(told).toContain('SynclineNotReady: there is no syncline_ready')
  expect(told).toContain('Nodes ready: there is no syncline_ready')
})

it('[OBS41] the profile for monitoring asks each node, with its token, and loads these files', async () => {
  const compose = z
    .object({
      services: z.record(
        z.string(),
        z.object({
          build: z.unknown().optional(),
          profiles: z.array(z.string()).optional(),
          environment: z.record(z.string(), z.string()).optional(),
          volumes: z.array(z.string()).optional(),
          secrets: z.array(z.string()).optional(),
        }),
      ),
      secrets: z.record(z.string(), z.object({ environment: z.string() })),
    })
    .parse(parse(await read('compose.yaml'), { merge: true }))
  const nodes = Object.entries(compose.services).filter(([, { build }]) => build !== undefined)
  const { prometheus, grafana } = compose.services
  for (const service of [prometheus, grafana]) expect(service?.profiles).toEqual(['monitoring'])
  for (const [, { environment }] of nodes) expect(environment?.METRICS_TOKEN).toContain('METRICS_TOKEN')
  const asks = parse(await read('prometheus/prometheus.yaml'))
  expect(asks).toMatchObject({
    rule_files: ['alerts.yaml'],
    scrape_configs: [
      {
        job_name: 'syncline',
        authorization: { credentials_file: `/run/secrets/${prometheus?.secrets?.[0]}` },
        static_configs: [{ targets: nodes.map(([name]) => `${name}:1234`) }],
      },
    ],
  })
  expect(compose.secrets).toEqual({ metrics_token: { environment: 'METRICS_TOKEN' } })
  // All that is mounted of ours is there.
  const mounted = [prometheus, grafana].flatMap((service) => service?.volumes ?? [])
  const ours = mounted.filter((volume) => volume.startsWith('./')).map((volume) => volume.split(':')[0] ?? '')
  expect(ours.length).toBeGreaterThan(3)
  for (const path of ours) await expect(read(path), path).resolves.not.toBe('')
})

it('[OBS41] Grafana does not start with an empty password, which would leave its own', async () => {
  const { services } = z
    .object({
      services: z.object({
        grafana: z.object({
          entrypoint: z.tuple([z.literal('sh'), z.literal('-c'), z.string()]),
          environment: z.object({ GF_SECURITY_ADMIN_PASSWORD: z.string() }),
        }),
      }),
    })
    .parse(parse(await read('compose.yaml'), { merge: true }))
  const { entrypoint, environment } = services.grafana
  // Compose would ask for one that is required whichever profile runs.
  expect(environment.GF_SECURITY_ADMIN_PASSWORD).not.toContain('?')
  const script = entrypoint[2].replaceAll('$$', '$')
  const startedWith = (password: string) =>
    spawnSync('sh', ['-c', script.replace('/run.sh', 'echo started')], {
      env: { ...process.env, GF_SECURITY_ADMIN_PASSWORD: password },
      encoding: 'utf8',
    })
  expect(startedWith('')).toMatchObject({
    status: 1,
    stdout: '',
    stderr: expect.stringContaining('GRAFANA_'),
  })
  expect(startedWith('a password')).toMatchObject({ status: 0, stdout: 'started\n' })
})

it('[OBS41] what is left out of Prometheus’ file for an Alertmanager is right once it is put in', async () => {
  const text = await read('prometheus/prometheus.yaml')
  const put = text.replaceAll(/^# (alerting:| +\S.*)$/gm, '$1')
  expect(parse(put)).toMatchObject({
    alerting: { alertmanagers: [{ static_configs: [{ targets: [expect.stringMatching(/:9093$/)] }] }] },
    rule_files: ['alerts.yaml'],
  })
  expect(parse(text)).not.toHaveProperty('alerting')
})

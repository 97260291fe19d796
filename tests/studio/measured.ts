import type { Route } from 'playwright-core'

/** What a server would answer that measures the same all the time, but was away for a minute, five minutes ago and before. */
export async function measured(route: Route): Promise<void> {
  const query = new URL(route.request().url()).searchParams
  const width = Number(query.get('width'))
  const newest = Math.floor(Date.now() / 1000 / width) * width
  const start = Math.ceil(Date.parse(query.get('from') ?? '') / 1000 / width) * width
  const levels: Readonly<Record<string, number>> = { connections: 12, people: 7, edits: 40, 'commit.ms': 4 }
  const series = (query.get('names') ?? '').split(',').flatMap((name) => {
    const level = levels[name]
    if (level === undefined) return []
    const points = []
    for (let at = start; at <= newest; at += width) {
      const value = { count: 1, sum: level, min: level, max: level, p50: level, p95: level, p99: 3 * level }
      const ago = (newest - at) % 600
      if (ago < 300 || ago >= 360) points.push({ at: new Date(at * 1000).toISOString(), ...value })
    }
    return [{ name, labels: {}, points }]
  })
  const to = new Date().toISOString()
  await route.fulfill({ json: { width, from: query.get('from'), to, series } })
}

import type { Api } from '../api.ts'
import { type ActivityFilter, activityPath } from './query.ts'

export interface SummaryQuery extends Omit<ActivityFilter, 'q'> {
  readonly by: 'person' | 'room'
  /** At most 100. */
  readonly limit?: number
}

/** What a person did in a project, or what was done in one of its rooms. */
export interface Summary {
  /** Of the person, or the room's name. */
  readonly id: string
  readonly name: string | null
  readonly activities: number
  /** In how many rooms, or by how many people. */
  readonly others: number
  /** Of editing: how many edits, and how many characters. */
  readonly entries: number
  readonly inserted: number
  readonly deleted: number
  /** ISO 8601. */
  readonly last: string
}

export async function readSummary(
  api: Api,
  project: string,
  { by, limit = 20, ...filter }: SummaryQuery,
): Promise<readonly Summary[]> {
  const path = activityPath(project, filter, { by, limit: String(limit) }, '/summary')
  return (await api.get<{ readonly summary: readonly Summary[] }>(path)).summary
}

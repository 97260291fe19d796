/** What of a project's activity is wanted: all that is given has to be so. */
export interface ActivityFilter {
  readonly person?: string | undefined
  /** Types of events, or `edited`. */
  readonly types?: readonly string[] | undefined
  readonly room?: string | undefined
  /** At or after, and before, these moments: ISO 8601 with a zone. */
  readonly from?: string | undefined
  readonly until?: string | undefined
  /** Words of the text: all of them, `"together"`, `or`, `-without`. */
  readonly q?: string | undefined
}

/** The address of a project's activity, below the prefix of all routes. */
export function activityPath(
  project: string,
  { types, ...filter }: ActivityFilter,
  more: Readonly<Record<string, string | undefined>> = {},
  path = '',
): string {
  const query = new URLSearchParams()
  for (const [key, value] of Object.entries({ ...filter, type: types?.join(), ...more }))
    if (value !== undefined && value !== '') query.set(key, value)
  return `/projects/${encodeURIComponent(project)}/activity${path}?${query}`
}

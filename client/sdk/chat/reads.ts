/** Whoever is further. */
export function merged(
  one: Readonly<Record<string, number>>,
  other: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> {
  const all = { ...one }
  for (const [user, seq] of Object.entries(other)) all[user] = Math.max(all[user] ?? 0, seq)
  return all
}

/**
 * Tells every listener, also those after one that fails.
 * @throws what the one that failed threw; an AggregateError where several did
 */
export function tellAll<Listener>(listeners: Iterable<Listener>, tell: (listener: Listener) => void): void {
  const failures: unknown[] = []
  for (const listener of listeners) {
    try {
      tell(listener)
    } catch (error) {
      failures.push(error)
    }
  }
  if (failures.length === 1) throw failures[0]
  if (failures.length > 1) throw new AggregateError(failures, `${failures.length} listeners failed`)
}

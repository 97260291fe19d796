/** Brings one of these clients' carets into view. */
export type Follow = (clients: readonly number[]) => void

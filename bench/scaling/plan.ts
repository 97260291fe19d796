/** What is taken for granted, and nowhere measured: how people behave, and what is bought for them. */
export const PLAN = {
  connections: [1_000, 10_000, 100_000, 1_000_000],
  /** People in a room, and how many of a hundred rooms have so many. */
  rooms: [
    { people: 1, share: 30 },
    { people: 2, share: 25 },
    { people: 5, share: 25 },
    { people: 10, share: 12 },
    { people: 30, share: 6 },
    { people: 100, share: 1.8 },
    { people: 500, share: 0.2 },
  ],
  /** Of the people who are connected. */
  typing: 0.05,
  /** Edits a second of each who types. */
  rate: 2,
  /** How much of a processor is used: the rest is for peaks, and for the others' people when a node dies. */
  utilisation: 0.5,
  /** A node is one process, which is one processor at most. */
  nodeMemoryGb: 2,
  /** Of that memory, for connections. */
  memoryForConnections: 0.5,
  databaseCores: 16,
  /** Connections that one Postgres has for nodes. */
  databaseConnections: 500,
  /** Written to the log of one Postgres, in MB a second. */
  databaseWalMb: 100,
} as const

export type Plan = typeof PLAN

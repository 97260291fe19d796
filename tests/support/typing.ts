import { connectProvider, type Replica } from './provider.ts'
import { type TestServer, until } from './server.ts'

/** Somebody who types until told to stop, and knows what of it was acknowledged. */
export interface Typing {
  readonly replica: Replica
  /** All edits that were typed, in order. */
  readonly typed: readonly string[]
  /** Those of them that the server said it had saved. Only true while the first connection stands. */
  acknowledged(): readonly string[]
  stop(): void
}

const PAUSE = 4

/** Several people who type into one room, once each of them is connected and saved. */
export async function startTyping(
  { wsUrl, token }: TestServer,
  room: string,
  people: number,
): Promise<readonly Typing[]> {
  const replicas = await Promise.all(
    Array.from({ length: people }, async (_, index) => {
      const replica = connectProvider({ wsUrl, room, token: await token(`typist-${index}`) })
      await replica.saved()
      return replica
    }),
  )
  return replicas.map((replica, index) => {
    const typed: string[] = []
    const before = replica.acknowledgements()
    const timer = setInterval(() => {
      const edit = `${index}:${typed.length}`
      typed.push(edit)
      replica.edits.push([edit])
    }, PAUSE)
    return {
      replica,
      typed,
      // A push is an update, an update is a frame, and acknowledgements come in the order of the frames.
      acknowledged: () => typed.slice(0, replica.acknowledgements() - before),
      stop: () => clearInterval(timer),
    }
  })
}

export const acknowledgedBy = (typings: readonly Typing[]): string[] =>
  typings.flatMap((typing) => typing.acknowledged())

/** Opens the room anew, with no replica left that could bring anything back, and reads what is there. */
export async function readRoom({ wsUrl, token }: TestServer, room: string): Promise<readonly string[]> {
  const reader = connectProvider({ wsUrl, room, token: await token('reader') })
  try {
    await until(() => reader.provider.isSynced)
    return reader.edits.toArray()
  } finally {
    reader.destroy()
  }
}

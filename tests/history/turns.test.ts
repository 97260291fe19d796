import { expect, it } from 'vitest'
import { RoomTurns } from '../../server/history/restore/turns.ts'

const BUSY = { code: 'history-busy', retryAfter: 5 }
const ABANDONED = { code: 'request-abandoned' }

/** Turns that are over when they are told to be. */
function startTurns() {
  const turns = new RoomTurns()
  const begun: string[] = []
  const over = Promise.withResolvers<void>()
  const take = (room: string, user: string, signal?: AbortSignal) =>
    turns.take({ room, user, signal }, async () => {
      begun.push(`${user} in ${room}`)
      await over.promise
    })
  const times = (count: number, one: (index: number) => Promise<void>) =>
    Array.from({ length: count }, (_, i) => one(i))
  return { begun, end: () => over.resolve(), take, times }
}

it('[HIS118] of a room fifty wait, in the order in which they came, and no other room waits for it', async () => {
  const { begun, end, take, times } = startTurns()
  const taken = times(51, (i) => take('doc:a', `person ${i}`))
  await expect(take('doc:a', 'one too many')).rejects.toMatchObject(BUSY)
  taken.push(take('doc:b', 'bob'))
  expect(begun).toEqual(['person 0 in doc:a', 'bob in doc:b'])
  end()
  await Promise.all(taken)
  expect(begun.filter((one) => one.endsWith('doc:a'))).toEqual(
    Array.from({ length: 51 }, (_, i) => `person ${i} in doc:a`),
  )
})

it('[HIS118] a person has turns in four rooms at once and fifty that wait, and others have theirs', async () => {
  const { begun, end, take, times } = startTurns()
  const taken = times(54, (i) => take(`doc:${i}`, 'ada'))
  await expect(take('doc:54', 'ada')).rejects.toMatchObject(BUSY)
  taken.push(take('doc:53', 'bob'))
  expect(begun).toEqual(['ada in doc:0', 'ada in doc:1', 'ada in doc:2', 'ada in doc:3', 'bob in doc:53'])
  end()
  await Promise.all(taken)
  expect(begun).toHaveLength(55)
})

it('[HIS118] 200 wait in all, and who need not wait is not refused', async () => {
  const { begun, end, take, times } = startTurns()
  const taken = times(204, (i) => take(`doc:${i % 4}`, `person ${i}`))
  await expect(take('doc:0', 'one too many')).rejects.toMatchObject(BUSY)
  taken.push(take('doc:b', 'bob'))
  expect(begun).toHaveLength(5)
  end()
  await Promise.all(taken)
})

it('[HIS118] [HIS28] who has left waits no more, and leaves the place to another', async () => {
  const { begun, end, take, times } = startTurns()
  const left = new AbortController()
  const taken = [take('doc:a', 'ada')]
  const leaving = times(50, (i) => take('doc:a', `person ${i}`, left.signal))
  const refused = leaving.map((one) => expect(one).rejects.toMatchObject(ABANDONED))
  left.abort()
  await Promise.all(refused)
  await expect(take('doc:b', 'ada', left.signal)).rejects.toMatchObject(ABANDONED)
  taken.push(...times(50, (i) => take('doc:a', `another ${i}`)))
  end()
  await Promise.all(taken)
  expect(begun.filter((one) => one.startsWith('person'))).toEqual([])
  expect(begun).toHaveLength(51)
})

import { expect, it, onTestFinished } from 'vitest'
import { emptyDatabase } from '../support/database.ts'
import { command } from './support.ts'

it('[CLI17] says on standard output what it was asked for, and logs on standard error', async () => {
  const { storage, drop } = await emptyDatabase()
  onTestFinished(drop)
  const { code, stdout, stderr } = await command({ DATABASE_URL: storage.url }, 'migrate')
  expect([code, stdout]).toEqual([0, 'the schema is up to date\n'])
  expect(JSON.parse(stderr)).toMatchObject({ msg: 'The schema was brought up to date' })
})

import { type Connection, Document } from '@hocuspocus/server'
import { expect, it, onTestFinished } from 'vitest'
import type { RoomDocument } from '../../server/documents/room-document.ts'
import { Sandbox } from '../../server/documents/sandbox.ts'
import type { ClientOwners } from '../../server/realtime/client-owners.ts'
import { UpdateAdmission } from '../../server/realtime/update-admission.ts'
import { manyClients } from '../documents/attacks.ts'

/** More than may wait at a time. */
const MANY = 40

it('[DOC26] one person has one place in the line, whatever they send at once, and others are tried meanwhile', async () => {
  const sandbox = new Sandbox()
  onTestFinished(() => sandbox.close())
  const admission = new UpdateAdmission(sandbox, Number.POSITIVE_INFINITY)
  const document = new Document('doc:1')
  const connection = { readOnly: false } as Connection
  document.hasConnection = () => true
  const of = (actor: string) => ({
    connection,
    document,
    room: { fits: () => true } as unknown as RoomDocument,
    owners: { check: () => false } as unknown as ClientOwners,
    actor,
    spent: undefined,
  })
  const ended: string[] = []
  const send = async (actor: string) => {
    const { structs } = await admission.admit(manyClients(101), of(actor))
    ended.push(actor)
    return structs
  }
  const sent = Array.from({ length: MANY }, () => send('mallory'))
  sent.push(...Array.from({ length: 10 }, (_, at) => send(`person ${at}`)))
  expect(await Promise.all(sent)).toEqual(sent.map(() => 101))
  expect(ended.lastIndexOf('person 9')).toBeLessThan(MANY)
})

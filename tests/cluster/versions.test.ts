import type { Connection } from '@hocuspocus/server'
import * as encoding from 'lib0/encoding'
import { expect, it, onTestFinished, vi } from 'vitest'
import * as Y from 'yjs'
import { connect } from '../../client/sdk/index.ts'
import { addressed } from '../../server/realtime/stateless-frame.ts'
import { startStock } from '../client/stock-server.ts'
import { RawClient } from '../support/raw-client.ts'
import { startServer, until } from '../support/server.ts'
import { SECRET, tokenOf } from '../support/tokens.ts'

/** A frame of a type that the protocol does not have. */
const newFrame = (room: string): Uint8Array =>
  addressed(
    room,
    encoding.encode((encoder) => {
      encoding.writeVarUint(encoder, 99)
      encoding.writeVarString(encoder, 'something new')
    }),
  )

it('[CLU25] a newer client is told what this server does not know, and works all the same', async () => {
  const server = await startServer({ env: { JWT_SECRET: SECRET } })
  onTestFinished(() => server.dispose())
  const room = 'build:newer'
  const token = tokenOf('ada', { grants: { 'build:*': 'write' } })
  const client = await RawClient.connect({ wsUrl: server.wsUrl, room, token })
  onTestFinished(() => client.close())
  await client.shake()
  const said = () => client.stateless.map((payload) => JSON.parse(payload))

  client.say({ type: 'teleport', id: '1', to: 'there' })
  client.say({ type: 'Not A Type' })
  client.say(['teleport'])
  client.raw(newFrame(room))
  await client.handled()
  expect(said().filter(({ type }) => type !== 'saved')).toEqual([{ type: 'unknown', message: 'teleport' }])

  client.say({ type: 'resume', after: null, filter: ['new'] })
  const event = { type: 'build.progress', id: '1', payload: { share: 0.5 }, priority: 'high' }
  client.say({ type: 'publish', events: [event], atomically: true })
  const document = new Y.Doc()
  document.getArray('edits').push(['from a newer client'])
  client.update(Y.encodeStateAsUpdate(document))
  await until(() => client.acknowledgements === 2 && said().some(({ type }) => type === 'event'))
  expect(said().find(({ type }) => type === 'ack')).toEqual({ type: 'ack', events: [{ id: '1', seq: 1 }] })
  expect(client.refusal).toBeUndefined()
})

it('[CLU25] a client works with a newer server, and takes from a refusal that it does not know what to do', async () => {
  // What the provider says of a frame that it does not know.
  const logged = vi.spyOn(console, 'error').mockReturnValue()
  onTestFinished(() => logged.mockRestore())
  const room = 'doc:newer'
  let joins = 0
  let told: Connection | undefined
  const { url } = await startStock({
    connected: async ({ connection }) => {
      joins += 1
      told = connection
    },
  })
  const client = connect({ url, token: 'any', user: { id: 'ada', name: 'Ada' }, offline: false })
  onTestFinished(() => client.destroy())
  const entered = client.room(room)
  await entered.whenSaved()
  const shown = new Set<string>()
  entered.subscribe(() => shown.add(`${entered.status} ${entered.refusal?.message ?? 'taken'}`))
  const signals: unknown[] = []
  entered.onSignal('new.kind', ({ payload }) => signals.push(payload))
  const say = (message: unknown) => told?.sendStateless(JSON.stringify(message))

  say({ type: 'teleport', id: null, to: 'there' })
  say({ type: 'unknown', message: 'resume' })
  say({ type: 'event', events: [{ seq: 1, type: 'new.kind', id: '1', actor: 'eve', at: 0, payload: {} }] })
  say({ type: 'reject', id: 'teleport', code: 'too-far', message: 'It is too far', retryable: true })
  say({ type: 'signal', signal: { type: 'new.kind', actor: 'eve', payload: 1, strength: 2 }, of: 'new' })
  say(['teleport'])
  told?.sendStateless('no JSON')
  told?.send(newFrame(room))
  entered.doc.getArray('edits').push(['one'])
  await entered.whenSaved()
  expect(signals).toEqual([1])
  expect([...shown]).toEqual(['online taken'])

  say({ type: 'reject', id: null, code: 'moon-is-full', message: 'Come back later', retryable: true })
  told?.close({ code: 4400, reason: 'moon-is-full' })
  entered.doc.getArray('edits').push(['two'])
  await until(() => joins === 2)
  await entered.whenSaved()
  expect([...shown]).toContain('offline Come back later')
  expect(entered.getState()).toMatchObject({ status: 'online', refusal: undefined, unsaved: 0 })
})

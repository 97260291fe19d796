import { describe, expect, it } from 'vitest'
import * as Y from 'yjs'
import { nested } from '../../documents/attacks.ts'
import { refusalOf } from '../../http/server.ts'
import { until } from '../../support/server.ts'
import {
  type CompareServer,
  failKeepingVersions,
  onceRestorePlanned,
  planRestoresAs,
  startCompareServer,
} from './server.ts'

const ROOM = 'doc:story'
const EPOCH = new Date(0).toISOString()
const LATER = '2999-01-01T00:00:00Z'

/** Ada writes, Bob corrects and takes something away; nobody stays. */
async function write(server: CompareServer): Promise<void> {
  const ada = await server.join(ROOM, 'ada')
  ada.document.getText('content').insert(0, 'The cat sat on the mat.')
  await ada.saved()
  const bob = await server.join(ROOM, 'bob')
  bob.document.getText('content').delete(4, 4)
  await bob.saved()
  bob.document.getText('content').insert(4, 'dog ')
  await bob.saved()
  ada.destroy()
  bob.destroy()
}

// biome-ignore lint/suspicious/noExplicitAny: answers are looked at, not used
const bodyOf = async (response: Response): Promise<any> => {
  expect(response.status, await response.clone().text()).toBe(200)
  expect(response.headers.get('content-type')).toBe('application/json')
  return response.json()
}

describe('comparing over HTTP', () => {
  it('[HIS46] gives the diff of two positions, in both directions, with who made each change', async () => {
    const server = await startCompareServer()
    await write(server)
    const forward = await bodyOf(await server.request(`rooms/${ROOM}/diff?from=1`))
    const by = { actor: 'bob', at: expect.any(Number) }
    expect(forward).toEqual({
      from: 1,
      to: 3,
      types: {
        content: {
          kind: 'text',
          runs: [
            { status: 'equal', text: 'The ' },
            ...(forward.types.content.runs[1].status === 'deleted'
              ? [
                  { status: 'deleted', text: 'cat ', by: { seq: 2, ...by }, hunk: 0 },
                  { status: 'inserted', text: 'dog ', by: { seq: 3, ...by }, hunk: 1 },
                ]
              : [
                  { status: 'inserted', text: 'dog ', by: { seq: 3, ...by }, hunk: 0 },
                  { status: 'deleted', text: 'cat ', by: { seq: 2, ...by }, hunk: 1 },
                ]),
            { status: 'equal', text: 'sat on the mat.' },
          ],
        },
      },
    })
    const backward = await bodyOf(await server.request(`rooms/${ROOM}/diff?from=3&to=1`))
    const changes = backward.types.content.runs.filter(({ status }: { status: string }) => status !== 'equal')
    expect(
      new Set(
        changes.map(({ status, text, by }: never) => `${status} ${text}${(by as { seq: number }).seq}`),
      ),
    ).toEqual(new Set(['inserted cat 2', 'deleted dog 3']))
  })

  it('[HIS46] gives the blame, and what was deleted', async () => {
    const server = await startCompareServer()
    await write(server)
    const { types } = await bodyOf(await server.request(`rooms/${ROOM}/blame`))
    expect(types.content.runs.map(({ text, by }: never) => [text, (by as { actor: string }).actor])).toEqual([
      ['The ', 'ada'],
      ['dog ', 'bob'],
      ['sat on the mat.', 'ada'],
    ])
    const { found } = await bodyOf(await server.request(`rooms/${ROOM}/deleted?query=the%20CAT`))
    expect(found).toEqual([
      expect.objectContaining({
        text: 'The cat',
        after: ' sat on the mat.',
        lastSeq: 1,
        gone: expect.objectContaining({ actor: 'bob', seq: 2 }),
      }),
    ])
  })

  it('[DOC38] has the words of somebody who came back with them into a paragraph that was deleted meanwhile', async () => {
    const server = await startCompareServer()
    const ada = await server.join(ROOM, 'ada')
    const bob = await server.join(ROOM, 'bob')
    const mine = ada.document.getXmlFragment('default')
    const theirs = bob.document.getXmlFragment('default')
    const paragraph = new Y.XmlElement('paragraph')
    paragraph.insert(0, [new Y.XmlText('The quick fox.')])
    mine.insert(0, [paragraph])
    await ada.saved()
    await until(() => theirs.length === 1)
    bob.provider.configuration.websocketProvider.disconnect()
    const seen = (theirs.get(0) as Y.XmlElement).get(0) as Y.XmlText
    seen.insert(10, 'brown ')
    mine.delete(0, 1)
    await ada.saved()
    void bob.provider.configuration.websocketProvider.connect()
    await until(async () => (await server.entries(ROOM)).length === 3)
    await bob.saved()
    const { found } = await bodyOf(await server.request(`rooms/${ROOM}/deleted?query=quick%20brown%20fox`))
    expect(found).toMatchObject([{ lastSeq: 1, gone: { actor: 'ada', seq: 2 } }])
    const log = (await server.entries(ROOM)).map(({ bytes }) => bytes)
    const opened = new Y.Doc()
    for (const bytes of log) Y.applyUpdate(opened, bytes)
    expect(Y.equalSnapshots(Y.snapshot(opened), Y.snapshot(ada.document))).toBe(true)
  })

  it('[HIS47] refuses positions that are not there, and those who may not look into the past', async () => {
    const server = await startCompareServer()
    await write(server)
    const refused = async (path: string, options = {}) =>
      (await refusalOf(await server.request(path, options))).code
    expect(await refused(`rooms/${ROOM}/diff?from=1&to=99`)).toBe('position-invalid')
    expect(await refused(`rooms/${ROOM}/blame?at=99`)).toBe('position-invalid')
    expect(await refused(`rooms/${ROOM}/deleted?at=99`)).toBe('position-invalid')
    expect(await refused(`rooms/${ROOM}/diff?from=-1`)).toBe('position-invalid')
    expect(await refused(`rooms/${ROOM}/deleted?query=`)).toBe('request-invalid')
    for (const path of ['diff?from=1', 'blame', 'deleted']) {
      expect(await refused(`rooms/${ROOM}/${path}`, { grants: { 'doc:*': 'comment' } })).toBe('forbidden')
      expect(await refused(`rooms/${ROOM}/${path}`, { grants: { 'doc:other': 'admin' } })).toBe('forbidden')
      expect(await refused(`rooms/doc:absent/${path}`, { grants: { 'doc:other': 'admin' } })).toBe(
        'forbidden',
      )
      expect(await refused(`rooms/doc:absent/${path}`)).toBe('room-not-found')
    }
  })
})

describe('restoring over HTTP', () => {
  it('[HIS57] reaches the editors that are in the room, as an edit of who asked for it, once it is committed', async () => {
    const server = await startCompareServer()
    await write(server)
    const bob = await server.join(ROOM, 'bob')
    const answer = await bodyOf(
      await server.request(`rooms/${ROOM}/restore`, { user: 'cleo', body: { kind: 'version', at: '1' } }),
    )
    expect(answer).toEqual({ seq: 4, before: 3 })
    expect((await server.entries(ROOM)).map(({ actor }) => actor)).toEqual(['ada', 'bob', 'bob', 'cleo'])
    expect(await server.kept(ROOM)).toEqual([4, 3])
    await until(() => bob.document.getText('content').toString() === 'The cat sat on the mat.')
  })

  it('[HIS57] keeps what somebody types between its planning and its arrival, and all that follows', async () => {
    const words = Array.from({ length: 40 }, (_, i) => `‹${i}›`)
    let text = new Y.Text()
    const type = async (some: readonly string[]): Promise<void> => {
      for (const word of some) {
        text.insert(text.length, word)
        await new Promise((resolve) => setImmediate(resolve))
      }
    }
    let rest: Promise<void> | undefined
    onceRestorePlanned(async () => {
      await type(words.slice(0, 20))
      rest = type(words.slice(20))
    })
    const server = await startCompareServer()
    await write(server)
    const bob = await server.join(ROOM, 'bob')
    text = bob.document.getText('content')
    await bodyOf(await server.request(`rooms/${ROOM}/restore`, { body: { kind: 'version', at: '1' } }))
    await rest
    await bob.saved()
    await until(() => text.toString() === `The cat sat on the mat.${words.join('')}`)
  })

  it('[HIS57] works on a room that nobody has open', async () => {
    const server = await startCompareServer()
    await write(server)
    await bodyOf(await server.request(`rooms/${ROOM}/restore`, { body: { kind: 'version', at: '0' } }))
    const ada = await server.join(ROOM, 'ada')
    expect(ada.document.getText('content').toString()).toBe('')
  })

  it('[HIS58] brings a thing back once, when two ask for it at the same time', async () => {
    const server = await startCompareServer()
    await write(server)
    const ask = () => server.request(`rooms/${ROOM}/restore`, { body: { kind: 'version', at: '1' } })
    const answers = await Promise.all([ask(), ask(), ask()].map(async (response) => bodyOf(await response)))
    expect(answers.map(({ seq }) => seq)).toEqual([4, 4, 4])
    expect(await server.entries(ROOM)).toHaveLength(4)
    const ada = await server.join(ROOM, 'ada')
    expect(ada.document.getText('content').toString()).toBe('The cat sat on the mat.')
  })

  it.each<[what: string, body: object, words: string]>([
    ['a change', { kind: 'hunks', from: '1', to: '2', hunks: [0] }, 'The cat dog sat on the mat.'],
    [
      'one person’s work',
      { kind: 'person', actor: 'bob', since: EPOCH, until: LATER },
      'The cat sat on the mat.',
    ],
    ['a version', { kind: 'version', at: '1' }, 'The cat sat on the mat.'],
  ])(
    '[HIS60] brings %s back once, when who asked was told of an error and asks again',
    async (_, body, words) => {
      const server = await startCompareServer()
      await write(server)
      const ask = () => server.request(`rooms/${ROOM}/restore`, { body })
      failKeepingVersions(1)
      expect((await refusalOf(await ask())).code).toBe('storage-unavailable')
      expect(await server.entries(ROOM), 'it was committed').toHaveLength(4)
      expect(await server.kept(ROOM)).toEqual([3])
      for (const _ of ['again', 'and again']) expect(await bodyOf(await ask())).toEqual({ seq: 4, before: 3 })
      expect(await server.entries(ROOM)).toHaveLength(4)
      expect(await server.kept(ROOM)).toEqual([4, 3])
      const ada = await server.join(ROOM, 'ada')
      const sorted = (text: string) => text.split(' ').toSorted()
      expect(sorted(ada.document.getText('content').toString())).toEqual(sorted(words))
    },
  )

  it('[HIS60] takes a change back once as long as that stands, and again where it does not', async () => {
    const server = await startCompareServer()
    await write(server)
    const body = { kind: 'hunks', from: '1', to: '2', hunks: [0] }
    const ask = async (more = {}) =>
      bodyOf(await server.request(`rooms/${ROOM}/restore`, { body: { ...body, ...more } }))
    expect(await ask()).toEqual({ seq: 4, before: 3 })
    expect(await ask({ preview: true })).toMatchObject({ changes: false })
    expect(await ask()).toEqual({ seq: 4, before: 3 })
    const ada = await server.join(ROOM, 'ada')
    const text = ada.document.getText('content')
    text.delete(text.toString().indexOf('cat '), 4)
    await ada.saved()
    expect(await ask()).toEqual({ seq: 6, before: 5 })
    expect(await ask()).toEqual({ seq: 6, before: 5 })
    await until(() => text.toString().split('cat ').length === 2)
    // The control: without what is remembered, it would come twice.
    await server.query('delete from restores')
    expect(await ask()).toEqual({ seq: 7, before: 6 })
    await until(() => text.toString().split('cat ').length === 3)
  })

  it('[HIS60] undoes of a person’s work, asked again, only what came since', async () => {
    const server = await startCompareServer()
    await write(server)
    const body = { kind: 'person', actor: 'bob', since: EPOCH, until: LATER }
    const ask = async () => bodyOf(await server.request(`rooms/${ROOM}/restore`, { user: 'bob', body }))
    expect(await ask()).toEqual({ seq: 4, before: 3 })
    expect(await ask()).toEqual({ seq: 4, before: 3 })
    const bob = await server.join(ROOM, 'bob')
    const text = bob.document.getText('content')
    text.insert(0, 'And ')
    await bob.saved()
    expect(await ask()).toEqual({ seq: 6, before: 5 })
    await until(() => text.toString() === 'The cat sat on the mat.')
  })

  it('[HIS61] is held to the limits of every edit: one that would do harm is refused, and nothing happens', async () => {
    const server = await startCompareServer()
    await write(server)
    const body = { kind: 'version', at: '1' }
    const ask = () => server.request(`rooms/${ROOM}/restore`, { body })
    const harmful: readonly (readonly [update: Uint8Array, code: string])[] = [
      [Uint8Array.of(1, 2, 3), 'update-malformed'],
      [nested(5_000), 'update-refused'],
    ]
    for (const [update, code] of harmful) {
      const planned = planRestoresAs(update)
      expect((await refusalOf(await ask())).code).toBe(code)
      planned.mockRestore()
      expect(await server.entries(ROOM)).toHaveLength(3)
    }
    const ada = await server.join(ROOM, 'ada')
    ada.document.getText('content').insert(0, 'Still here. ')
    await ada.saved()
  })

  it('[HIS52] shows a preview, and changes nothing by it', async () => {
    const server = await startCompareServer()
    await write(server)
    const body = { kind: 'version', at: '1', preview: true }
    const preview = await bodyOf(await server.request(`rooms/${ROOM}/restore`, { body }))
    expect(preview).toMatchObject({ head: 3, changes: true })
    expect(
      preview.types.content.runs
        .filter(({ status }: { status: string }) => status !== 'deleted')
        .map(({ text }: { text: string }) => text)
        .join(''),
    ).toBe('The cat sat on the mat.')
    expect(await server.entries(ROOM)).toHaveLength(3)
    expect(await server.kept(ROOM)).toEqual([])
  })

  it('[HIS59] is refused to those who may not write, and where what is asked for is not there', async () => {
    const server = await startCompareServer()
    await write(server)
    const refused = async (body: unknown, options = {}) =>
      (await refusalOf(await server.request(`rooms/${ROOM}/restore`, { body, ...options }))).code
    const version = { kind: 'version', at: '1' }
    expect(await refused(version, { grants: { 'doc:*': 'comment' } })).toBe('forbidden')
    expect(await refused({ ...version, preview: true }, { grants: { 'doc:*': 'comment' } })).toBe('forbidden')
    expect(await refused(version, { grants: { 'doc:other': 'admin' } })).toBe('forbidden')
    expect(await refused({ kind: 'version', at: '99' })).toBe('position-invalid')
    expect(await refused({ kind: 'hunks', from: '1', to: '99', hunks: [0] })).toBe('position-invalid')
    expect(await refused({ kind: 'hunks', from: '1', to: '3', hunks: [7] })).toBe('restore-invalid')
    expect(await refused({ kind: 'block', at: '1', id: '1:1' })).toBe('restore-invalid')
    const [first] = await server.entries(ROOM)
    const client = Y.decodeUpdate(first?.bytes ?? new Uint8Array()).structs[0]?.id.client
    for (const clock of ['x', -1, 0.5, 1e15])
      expect(await refused({ kind: 'block', at: '1', id: `${client}:${clock}` })).toBe('restore-invalid')
    expect(await refused({ kind: 'everything' })).toBe('request-invalid')
    expect(await server.entries(ROOM)).toHaveLength(3)
  })

  it('[HIS59] is refused where the document has no room for it', async () => {
    const server = await startCompareServer({ MAX_DOCUMENT_BYTES: '65536' })
    const ada = await server.join(ROOM, 'ada')
    const text = ada.document.getText('content')
    text.insert(0, 'x'.repeat(36_000))
    await ada.saved()
    text.delete(0, text.length)
    await ada.saved()
    const asked = await server.request(`rooms/${ROOM}/restore`, { body: { kind: 'version', at: '1' } })
    expect((await refusalOf(asked)).code).toBe('document-too-large')
    expect(await server.entries(ROOM)).toHaveLength(2)
  })

  it('[HIS56] undoes what one person did in a time', async () => {
    const server = await startCompareServer()
    await write(server)
    const [first] = await server.entries(ROOM)
    const body = {
      kind: 'person',
      actor: 'bob',
      since: new Date(first?.at ?? 0).toISOString(),
      until: '2999-01-01T00:00:00Z',
    }
    await bodyOf(await server.request(`rooms/${ROOM}/restore`, { body }))
    const ada = await server.join(ROOM, 'ada')
    expect(ada.document.getText('content').toString()).toBe('The cat sat on the mat.')
  })
})

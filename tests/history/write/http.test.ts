import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Grants } from '../../../server/protocol.ts'
import { connectProvider } from '../../support/provider.ts'
import { startServer, type TestServer, until } from '../../support/server.ts'

let server: TestServer

beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.dispose())

interface Sent {
  readonly method?: 'GET' | 'PUT' | 'POST' | 'PATCH'
  readonly body?: string | object
  readonly role?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** Asks as somebody with a role in every document. */
async function ask(path: string, { method = 'GET', body, role = 'write', headers = {} }: Sent = {}) {
  const token = await server.token('bot', { 'doc:*': role } as Grants)
  const response = await fetch(`${server.url}/api/v1/rooms/${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(typeof body === 'object' && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  const text = await response.text()
  const isJson = response.headers.get('content-type')?.startsWith('application/json') ?? false
  return {
    status: response.status,
    headers: response.headers,
    text,
    json: isJson ? JSON.parse(text) : undefined,
  }
}

const put = (path: string, body: string | object, sent: Sent = {}) =>
  ask(path, { method: 'PUT', body, ...sent })
const post = (path: string, body: string | object, sent: Sent = {}) =>
  ask(path, { method: 'POST', body, ...sent })
const patch = (room: string, operations: readonly object[], sent: Sent = {}) =>
  ask(`${room}/content`, { method: 'PATCH', body: { operations }, ...sent })
const codeOf = async (sent: ReturnType<typeof ask>): Promise<[number, string]> => {
  const { status, json } = await sent
  return [status, json.error.code]
}

describe('writing content over HTTP', () => {
  it('[CONV3] creates, appends, patches and replaces, each answered when it is committed', async () => {
    const made = await put('doc:made/content?format=markdown', '# Title\n\nFirst *words*.')
    expect([made.status, made.json]).toEqual([200, { seq: 1, changed: true, simplified: [] }])
    expect((await ask('doc:made/content?format=markdown')).text).toBe('# Title\n\nFirst *words*.')
    expect((await post('doc:made/content?format=markdown', '* one\n* two')).json).toMatchObject({
      seq: 2,
      changed: true,
    })
    const patched = await patch('doc:made', [
      { op: 'replace-text', block: 1, find: 'words', text: 'lines' },
      { op: 'insert-after', block: 0, expect: 'Title', content: '<p>between</p>', format: 'html' },
      { op: 'delete-block', block: 3, expect: 'one\n\ntwo' },
    ])
    expect(patched.json).toMatchObject({ seq: 3, changed: true })
    const now = await ask('doc:made/content?format=markdown')
    expect(now.text).toBe('# Title\n\nbetween\n\nFirst *lines*.')
    expect((await put('doc:made/content?format=markdown', now.text)).json).toMatchObject({
      seq: 3,
      changed: false,
    })
    expect((await ask('doc:made')).json).toMatchObject({ head: 3, createdBy: 'bot' })
  })

  it('[CONV4] is seen at once by who has the document open, and by whoever opens it later', async () => {
    const replica = connectProvider({
      wsUrl: server.wsUrl,
      room: 'doc:open',
      token: await server.token('ada'),
    })
    await replica.saved()
    const text = replica.document.getText('content')
    text.insert(0, 'typed ')
    await replica.saved()
    await post('doc:open/content?format=text', 'sent')
    await until(() => text.toString() === 'typed sent')
    replica.destroy()
  })

  it('[CONV5] [CONV7] loses and doubles nothing of what people type at random places meanwhile', async () => {
    const room = 'doc:busy'
    await put(`${room}/content?format=text`, 'first line\nsecond line\nthird line\n')
    const people = await Promise.all(
      ['ada', 'bob', 'cleo'].map(async (name) =>
        connectProvider({ wsUrl: server.wsUrl, room, token: await server.token(name) }),
      ),
    )
    await Promise.all(people.map((person) => person.saved()))
    const words: string[] = []
    const type = async (person: (typeof people)[number], name: string) => {
      const text = person.document.getText('content')
      for (let n = 1; n <= 25; n += 1) {
        const spaces = [...text.toString().matchAll(/ /g)].map(({ index }) => index)
        words.push(`${name}${n}.`)
        text.insert(spaces[(n * 7) % spaces.length] ?? 0, ` ${name}${n}.`)
        if (n % 5 === 0) await person.saved()
      }
    }
    const send = async () => {
      for (let n = 1; n <= 4; n += 1) {
        expect((await post(`${room}/content?format=text`, `appended${n}.\n`)).status).toBe(200)
        const patched = await patch(room, [{ op: 'insert', find: 'third', text: ` patched${n}.` }])
        expect(patched.status).toBe(200)
        for (let status = 412; status === 412; ) {
          const { text, headers } = await ask(`${room}/content?format=text`)
          const replaced = await put(
            `${room}/content?format=text`,
            text.replace('second', `put${n}. second`),
            {
              headers: { 'if-match': headers.get('etag') ?? '' },
            },
          )
          status = replaced.status
        }
        words.push(`appended${n}.`, `patched${n}.`, `put${n}.`)
      }
    }
    await Promise.all([...people.map((person, index) => type(person, `p${index}x`)), send()])
    await Promise.all(people.map((person) => person.saved()))
    const { text } = await ask(`${room}/content?format=text`)
    await until(() => people.every(({ document }) => document.getText('content').toString() === text))
    expect(words.filter((word) => text.split(word).length !== 2)).toEqual([])
    for (const person of people) person.destroy()
  })

  it('[CONV6] refuses a stale patch as a whole', async () => {
    await put('doc:stale/content?format=markdown', '# Title\n\nsame same')
    const good = { op: 'delete-block', block: 0, expect: 'Title' }
    const stale = [
      { op: 'delete-block', block: 0, expect: 'Another' },
      { op: 'delete-block', block: 7, expect: '' },
      { op: 'delete-block', block: '1:1', expect: '' },
      { op: 'replace-text', block: 0, find: 'same', text: 'other' },
      { op: 'replace-text', block: 0, find: 'same', occurrence: 3, text: 'other' },
      { op: 'replace', at: 0, expect: 'Title', text: 'of code' },
    ]
    for (const operation of stale)
      expect(await codeOf(patch('doc:stale', [good, operation]))).toEqual([409, 'patch-stale'])
    expect((await ask('doc:stale/content?format=markdown')).text).toBe('# Title\n\nsame same')
    await patch('doc:stale', [
      { op: 'replace-text', block: 1, find: 'same', occurrence: 2, count: 2, text: 'other' },
    ])
    expect((await ask('doc:stale/content?format=markdown')).text).toBe('# Title\n\nsame other')
    await put('doc:lines/content?format=text', 'one\ntwo\n')
    await patch('doc:lines', [
      { op: 'replace', at: 4, expect: 'two', text: '2' },
      { op: 'insert', find: 'one', text: 'zero ', side: 'before' },
      { op: 'delete', find: '2' },
    ])
    expect((await ask('doc:lines/content?format=text')).text).toBe('zero one\n\n')
    for (const operation of [
      { op: 'replace', at: 4, expect: 'two', text: '' },
      { op: 'delete', at: 900, expect: 'x' },
      { op: 'insert', at: 1, expect: '', text: 'x' },
    ])
      expect(await codeOf(patch('doc:lines', [operation]))).toEqual([409, 'patch-stale'])
  })

  it('[CONV7] refuses what builds on an older position than the newest edit; events do not count', async () => {
    const { json } = await put('doc:expect/content?format=text', 'one')
    await ask('doc:expect/events', { method: 'POST', body: { type: 'comment.added', payload: {} } })
    expect((await post(`doc:expect/content?format=text&expect=${json.seq}`, ' two')).status).toBe(200)
    expect(await codeOf(put(`doc:expect/content?format=text&expect=${json.seq}`, 'x'))).toEqual([
      412,
      'content-changed',
    ])
    const tag = { headers: { 'if-match': '"1"' } }
    expect(await codeOf(put('doc:expect/content?format=text', 'x', tag))).toEqual([412, 'content-changed'])
    expect(await codeOf(put('doc:expect/content?format=text&expect=99', 'x'))).toEqual([
      400,
      'position-invalid',
    ])
    expect((await ask('doc:expect/content?format=text')).text).toBe('one two')
  })

  it('[CONV8] does the same under one key once, also when the server dies between commit and answer', async () => {
    const key = (name: string) => ({ headers: { 'idempotency-key': name } })
    await put('doc:emptied/content?format=text', 'words')
    const database = new pg.Client({ connectionString: server.databaseUrl })
    await database.connect()
    // What is committed is not answered: noting the answer waits for this lock.
    await database.query(`create function wait() returns trigger language plpgsql as
      'begin perform pg_advisory_xact_lock(42); return new; end'`)
    await database.query(
      'create trigger wait before update on keyed_writes for each row execute function wait()',
    )
    await database.query('select pg_advisory_lock(42)')
    const cut = Promise.allSettled([
      post('doc:killed/content?format=text', 'once ', key('k')),
      put('doc:emptied/content?format=text', '', key('k')),
    ])
    const reads = async (room: string, words: string) =>
      (await ask(`${room}/content?format=text`)).text === words
    await until(async () => (await reads('doc:killed', 'once ')) && (await reads('doc:emptied', '')))
    await server.kill9()
    expect((await cut).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    await database.query('drop trigger wait on keyed_writes')
    await database.end()
    await server.restart()
    await post('doc:killed/content?format=text', 'more')
    await post('doc:emptied/content?format=text', 'new')
    for (let again = 0; again < 2; again += 1) {
      expect((await post('doc:killed/content?format=text', 'once ', key('k'))).json).toEqual({
        seq: 1,
        changed: true,
        simplified: [],
      })
      expect((await put('doc:emptied/content?format=text', '', key('k'))).json).toEqual({
        seq: 2,
        changed: true,
        simplified: [],
      })
    }
    expect((await ask('doc:killed/content?format=text')).text).toBe('once more')
    expect((await ask('doc:emptied/content?format=text')).text).toBe('new')
    expect(await codeOf(post('doc:killed/content?format=text', 'other', key('k')))).toEqual([
      409,
      'key-reused',
    ])
    expect((await post('doc:killed/content?format=text', '!', key('k2'))).json.seq).toBe(3)
  })

  it('[CONV13] says what was simplified, under a key too, and strictly writes none of it', async () => {
    const sent = '| a | b |\n|---|---|\n| 1 | 2 |\n\n![p](/p.png)'
    const at = 'doc:simple/content?format=markdown'
    expect(await codeOf(put(`${at}&strict=true`, sent))).toEqual([422, 'content-simplified'])
    expect((await ask('doc:simple')).status).toBe(404)
    const key = { headers: { 'idempotency-key': 'simple' } }
    for (let again = 0; again < 2; again += 1)
      expect((await put(at, sent, key)).json).toEqual({
        seq: 1,
        changed: true,
        simplified: ['table', 'image'],
      })
    const said = 'a | b\n\n1 | 2\n\n[p](/p.png)'
    expect((await ask(at)).text).toBe(said)
    // What was read is written without loss.
    expect((await put(`${at}&strict=true`, said)).json).toEqual({ seq: 1, changed: false, simplified: [] })
    const task = {
      op: 'insert-after',
      block: 0,
      expect: 'a | b',
      content: '<ul><li><input type="checkbox">do it</li></ul>',
      format: 'html',
    }
    const strictly = ask('doc:simple/content?strict=true', { method: 'PATCH', body: { operations: [task] } })
    expect(await codeOf(strictly)).toEqual([422, 'content-simplified'])
    expect(await codeOf(post(`${at}&strict=true`, '- [x] done'))).toEqual([422, 'content-simplified'])
    expect((await ask(at)).text).toBe(said)
    expect((await patch('doc:simple', [task])).json).toEqual({
      seq: 2,
      changed: true,
      simplified: ['task-list'],
    })
    // Code takes Markdown as the text that it is.
    expect((await put('doc:simple-code/content?format=markdown&editor=code&strict=true', sent)).json).toEqual(
      {
        seq: 1,
        changed: true,
        simplified: [],
      },
    )
  })

  it('[CONV9] is for those who may write, and held to the limits', async () => {
    expect(await codeOf(put('doc:made/content?format=text', 'x', { role: 'comment' }))).toEqual([
      403,
      'forbidden',
    ])
    expect(await codeOf(put('other:made/content?format=text', 'x'))).toEqual([403, 'forbidden'])
    expect(await codeOf(put('doc:big/content?format=text', 'x'.repeat(1_100_000)))).toEqual([
      413,
      'request-too-large',
    ])
    expect((await ask('doc:big')).status).toBe(404)
    await put('doc:code/content?format=text', 'let a')
    expect(await codeOf(put('doc:code/content?format=html', '<p>x'))).toEqual([422, 'content-invalid'])
    expect(await codeOf(put('doc:code/content?editor=rich&format=text', 'x'))).toEqual([
      422,
      'content-invalid',
    ])
    expect(await codeOf(put('doc:new/content', '{"types"'))).toEqual([422, 'content-invalid'])
    expect(await codeOf(put('doc:new/content', '[]'))).toEqual([422, 'content-invalid'])
    const deep = `${'<b><div>'.repeat(100)}x`
    expect(await codeOf(put('doc:new/content?format=html', deep))).toEqual([422, 'content-invalid'])
    expect(await codeOf(put('doc:new/content?format=markdown', `${'> '.repeat(200)}x`))).toEqual([
      422,
      'content-invalid',
    ])
    const crossed = { type: 'doc', content: [{ type: 'listItem', content: [{ type: 'paragraph' }] }] }
    expect(await codeOf(put('doc:new/content', crossed))).toEqual([422, 'content-invalid'])
    expect((await ask('doc:new')).status).toBe(404)
  })
})

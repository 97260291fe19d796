import pg from 'pg'
import { describe, expect, it, onTestFinished } from 'vitest'
import { numberArray, numbersOf, textArray } from '../../server/storage/arrays.ts'
import { ask } from '../../server/storage/prepared.ts'
import { database } from '../log/fixture.ts'

const ROW = 'select $1::text, $2::bytea, null'
const SLEEP = 'select pg_sleep($1::float8)'

async function connected(limits: pg.ClientConfig = {}) {
  const { url, db } = await database()
  const client = new pg.Client({ connectionString: url, ...limits })
  // The question that was on its way says the same.
  client.on('error', () => undefined)
  onTestFinished(() => client.end())
  await client.connect()
  return { db, client }
}

describe('a prepared question', () => {
  it('[STO9] has texts, bytes and nulls as its answer, and undefined where there is no row', async () => {
    const { client } = await connected()
    expect(await ask(client, 'row', ROW, ['ä"\\,', Buffer.of(0, 255)])).toEqual(['ä"\\,', '\\x00ff', null])
    expect(await ask(client, 'none', 'select 1 where $1::int = 0', ['1'])).toBeUndefined()
  })

  it('[STO9] is parsed once on a connection', async () => {
    const { client } = await connected()
    for (const text of ['one', 'two', 'three'])
      expect(await ask(client, 'row', ROW, [text, Buffer.of()])).toEqual([text, '\\x', null])
    const { rows } = await client.query<{ calls: string }>(
      `select generic_plans + custom_plans as calls from pg_prepared_statements where name = 'row'`,
    )
    expect(rows).toEqual([{ calls: '3' }])
  })

  it('[STO9] fails as Postgres says, and is parsed once it can be', async () => {
    const { client } = await connected()
    const missing = () => ask(client, 'missing', 'select word from words where word <> $1', [''])
    await expect(missing()).rejects.toMatchObject({ code: '42P01' })
    await client.query(`create temporary table words as select 'found' as word`)
    expect(await missing()).toEqual(['found'])
    await expect(ask(client, 'cast', 'select $1::int', ['not a number'])).rejects.toMatchObject({
      code: '22P02',
    })
    expect(await ask(client, 'cast', 'select $1::int', ['7'])).toEqual(['7'])
  })

  it('[STO9] takes no longer than any question on its connection may, and no other one has its answer', async () => {
    const { client } = await connected({ query_timeout: 1_000 })
    await expect(ask(client, 'late', `select 'late', pg_sleep($1::float8)`, ['1.2'])).rejects.toThrow(
      'read timeout',
    )
    const next = ['a', 'b'].map((text) => ask(client, 'row', ROW, [text, Buffer.of()]))
    expect((await Promise.all(next)).map((row) => row?.[0])).toEqual(['a', 'b'])
  })

  it('[STO9] does not take one statement for another of its name', async () => {
    const { client } = await connected()
    expect(await ask(client, 'name', `select 'one'`, [])).toEqual(['one'])
    await expect(ask(client, 'name', `select 'other'`, [])).rejects.toThrow('another statement')
    expect(await ask(client, 'name', `select 'one'`, [])).toEqual(['one'])
  })

  it('[STO9] fails where its connection is lost, before and after', async () => {
    const { db, client } = await connected()
    const [pid] = (await ask(client, 'pid', 'select pg_backend_pid()', [])) ?? []
    const lost = expect(ask(client, 'sleep', SLEEP, ['60'])).rejects.toMatchObject({ code: '57P01' })
    const ended = new Promise<void>((resolve) => client.once('end', resolve))
    await db.pool.query('select pg_terminate_backend($1)', [pid])
    await Promise.all([lost, ended])
    await expect(ask(client, 'sleep', SLEEP, ['0'])).rejects.toThrow('not queryable')
  })

  it('[STO9] is given arrays of texts and numbers, and gives those of numbers', async () => {
    const { client } = await connected()
    const texts = ['plain', '', 'null', 'NULL', 'a,b', '{}', '"quoted"', 'back\\slash', ' ä\n', undefined]
    const [json] = (await ask(client, 'texts', 'select array_to_json($1::text[])', [textArray(texts)])) ?? []
    expect(JSON.parse(json ?? '')).toEqual(texts.map((text) => text ?? null))
    const flags = textArray(['true', 'false', undefined])
    expect(await ask(client, 'flags', 'select $1::boolean[], $2::text[]', [flags, textArray([])])).toEqual([
      '{t,f,NULL}',
      '{}',
    ])
    const [numbers] =
      (await ask(client, 'numbers', 'select $1::bigint[] || null::bigint', [numberArray([1, -2])])) ?? []
    expect(numbersOf(numbers)).toEqual([1, -2, undefined])
    expect([numbersOf('{}'), numbersOf(null), numbersOf(undefined)]).toEqual([[], [], []])
  })
})

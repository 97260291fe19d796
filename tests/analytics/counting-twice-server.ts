import pg from 'pg'

// The negative control: a server that does not know what it has taken before.
const CHANGED: Readonly<Record<string, string>> = {
  'analytics answers': ' where false',
  'remember analytics': ' on conflict do nothing',
}

const { query } = pg.Client.prototype
pg.Client.prototype.query = function (this: pg.Client, ...given: unknown[]) {
  const [asked] = given
  if (typeof asked === 'object' && asked !== null)
    Object.assign(asked, {
      text: `${Reflect.get(asked, 'text')}${CHANGED[Reflect.get(asked, 'name')] ?? ''}`,
    })
  return Reflect.apply(query, this, given)
} as typeof query

await import('../../server/main.ts')

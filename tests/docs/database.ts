/** `create NAME` or `drop NAME`, on the server of DATABASE_URL: what createdb and dropdb do, which are not on every machine. */
import pg from 'pg'

const [, , what = '', name = ''] = process.argv
const client = new pg.Client({ connectionString: process.env.DATABASE_URL })
await client.connect()
await client.query(what === 'create' ? `create database "${name}"` : `drop database "${name}" with (force)`)
await client.end()

import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { inject } from 'vitest'
import type { StorageConfig } from '../../server/config.ts'

type UrlStorage = Extract<StorageConfig, { kind: 'url' }>

export interface FreshDatabase {
  /** For `openDatabase`. */
  readonly storage: UrlStorage
  /** Cuts whoever is still connected. */
  drop(): Promise<void>
}

/** A database of the caller's own on the run's one server, with all tables and nothing in them. */
export const freshDatabase = (): Promise<FreshDatabase> => databaseFrom(inject('migratedDatabase'))

/** One on which nothing has ever been. */
export const emptyDatabase = (): Promise<FreshDatabase> => databaseFrom('template1')

async function databaseFrom(template: string): Promise<FreshDatabase> {
  const name = `test_${randomBytes(8).toString('hex')}`
  await onServer(`create database ${name} template ${template}`)
  const url = new URL(inject('databaseServer'))
  url.pathname = `/${name}`
  return {
    storage: { kind: 'url', url: url.href },
    drop: () => onServer(`drop database if exists ${name} with (force)`),
  }
}

async function onServer(statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: inject('databaseServer') })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}

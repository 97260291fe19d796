import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { open, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { pino } from 'pino'
import { expect, it, onTestFinished } from 'vitest'
import { startEmbedded } from '../../server/storage/embedded.ts'
import { lockFolder } from '../../server/storage/folder-lock.ts'
import { isAlive } from '../../server/storage/process-state.ts'
import {
  childrenOf,
  dataFolder,
  parentOf,
  postmasterOf,
  query,
  serverProcess,
  spawnServer,
  usedDataFolder,
} from './support.ts'

const run = promisify(execFile)
const silent = pino({ level: 'silent' })

it('[STO2] SIGTERM to a server ends its Postgres before the server', async () => {
  const dataDir = await usedDataFolder()
  const server = await serverProcess(dataDir)
  const pid = await postmasterOf(dataDir)
  await server.kill('SIGTERM')
  expect(await isAlive(pid)).toBe(false)
  expect(server.process.exitCode).toBe(0)
})

it('[STO2] kill -9 of a server leaves no Postgres behind', async () => {
  const dataDir = await usedDataFolder()
  const server = await serverProcess(dataDir)
  const pid = await postmasterOf(dataDir)
  await server.kill('SIGKILL')
  await expect.poll(() => isAlive(pid), { timeout: 15_000 }).toBe(false)
})

it('[STO2] kill -9 of a server and its Postgres at once leaves no process and no socket', async () => {
  const dataDir = await usedDataFolder()
  const server = await serverProcess(dataDir)
  const sockets = new URL(server.said).searchParams.get('host') ?? ''
  const pid = await postmasterOf(dataDir)
  const watchdog = await parentOf(pid)
  process.kill(watchdog, 'SIGSTOP') // it is to learn of the one only when the other has gone too
  process.kill(pid, 'SIGKILL')
  await server.kill('SIGKILL')
  process.kill(watchdog, 'SIGCONT')
  await expect.poll(() => isAlive(watchdog), { timeout: 15_000 }).toBe(false)
  await expect(stat(sockets)).rejects.toThrow('ENOENT')
})

it('[STO2] (control) without its watcher Postgres outlives a killed server, and the next start ends it', async () => {
  const dataDir = await usedDataFolder()
  const server = await serverProcess(dataDir)
  await query(server.said, 'create table kept (n int)')
  const pid = await postmasterOf(dataDir)
  const watchdog = await parentOf(pid)
  for (const child of await childrenOf(watchdog)) if (child !== pid) process.kill(child, 'SIGKILL')
  await server.kill('SIGKILL')
  await delay(1000) // with the watcher it is gone in a tenth of that
  expect(await isAlive(pid)).toBe(true)

  const next = await startEmbedded(dataDir, silent)
  expect(await isAlive(pid)).toBe(false)
  expect(await query(next.url, 'select count(*)::int from kept')).toEqual([{ count: 0 }])
  await next.close()
})

it('[STO3] a second server on a folder is refused at once, in one line that names the first', async () => {
  const dataDir = await usedDataFolder()
  const first = await serverProcess(dataDir)
  const inUse = `${dataDir} is in use by another Syncline server (process ${first.process.pid})`
  expect((await serverProcess(dataDir)).said).toBe(`StorageError: ${inUse}`)
  // At once, but for what it takes to start a process.
  const before = performance.now()
  await expect(startEmbedded(dataDir, silent)).rejects.toThrow(inUse)
  expect(performance.now() - before).toBeLessThan(3000)
  expect(await query(first.said, 'select 1 as one')).toEqual([{ one: 1 }])
})

it('[STO3] a second server leaves the Postgres of one alone that has not written its number yet', async () => {
  const dataDir = await dataFolder()
  const first = await open(join(dataDir, 'owner.lock'), 'a+')
  onTestFinished(() => first.close())
  await once(spawn('flock', ['-n', '3'], { stdio: ['ignore', 'ignore', 'ignore', first.fd] }), 'exit')
  let stopped = 0
  const second = lockFolder(dataDir, async () => {
    stopped += 1
    throw new Error('a Postgres in use would have been stopped')
  })
  const refused = expect(second).rejects.toThrow(`in use by another Syncline server (process ${process.pid})`)
  // It has read that there is no number, and waits.
  const children = async () => (await run('ps', ['-o', 'args=', '--ppid', String(process.pid)])).stdout
  await expect.poll(children).toContain('flock -w')
  await first.write(`${process.pid}\n`)
  await refused
  expect(stopped).toBe(0)
})

it('[STO3] of two servers that start together on an empty folder one has it', async () => {
  const dataDir = await dataFolder()
  const servers = await Promise.all([serverProcess(dataDir), serverProcess(dataDir)])
  expect(servers.map(({ said }) => said.startsWith('postgres://')).sort()).toEqual([false, true])
})

it('[STO3] right after kill -9 the folder can be opened again, every time', async () => {
  const dataDir = await usedDataFolder()
  for (let round = 1; round <= 3; round++) {
    const server = await serverProcess(dataDir)
    expect(server.said).toMatch(/^postgres:/)
    await query(server.said, `create table round_${round} ()`)
    await server.kill('SIGKILL')
  }
  const last = await startEmbedded(dataDir, silent)
  const tables = await query(last.url, "select from pg_tables where tablename like 'round_%'")
  expect(tables).toHaveLength(3)
  await last.close()
})

it('[STO3] kill -9 during the very first start does not spoil the folder', async () => {
  const dataDir = await dataFolder()
  for (const wait of [250, 450, 650]) {
    const server = spawnServer(dataDir)
    await delay(wait) // wherever in it this falls: it may also be up already
    await server.kill('SIGKILL')
  }
  const last = await startEmbedded(dataDir, silent)
  expect(await query(last.url, 'select 1 as one')).toEqual([{ one: 1 }])
  await last.close()
})

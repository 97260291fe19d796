import { chmod, mkdir, readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pino } from 'pino'
import { expect, it, onTestFinished } from 'vitest'
import { openDatabase } from '../../server/storage/database.ts'
import { startEmbedded } from '../../server/storage/embedded.ts'
import { StorageError } from '../../server/storage/error.ts'
import { isAlive } from '../../server/storage/process-state.ts'
import { dataFolder, parentOf, postmasterOf, query, usedDataFolder, watchDisk } from './support.ts'

const silent = pino({ level: 'silent' })

async function started(dataDir: string) {
  const postgres = await startEmbedded(dataDir, silent)
  let closed: Promise<void> | undefined
  const close = () => {
    closed ??= postgres.close()
    return closed
  }
  onTestFinished(close)
  return { url: postgres.url, close }
}

it('[STO1] an empty folder has a running Postgres within 3 s, beside what the disk takes for itself', async () => {
  const dataDir = await dataFolder()
  const disk = watchDisk(await dataFolder())
  const before = performance.now()
  await started(dataDir)
  const took = performance.now() - before
  expect(took - (await disk.stalled())).toBeLessThan(3000)
})

it('[STO1] commits are fsynced, pages have checksums, and only its owner can reach it', async () => {
  const { url } = await started(await usedDataFolder())
  const names = ['fsync', 'synchronous_commit', 'full_page_writes', 'data_checksums', 'listen_addresses']
  const settings = await query(
    url,
    `select name, setting from pg_settings where name in ('${names.join("','")}')`,
  )
  expect(Object.fromEntries(settings.map(({ name, setting }) => [name, setting]))).toEqual({
    fsync: 'on',
    synchronous_commit: 'on',
    full_page_writes: 'on',
    data_checksums: 'on',
    listen_addresses: '',
  })
  expect(
    await query(
      url,
      'select datlocprovider as provider, pg_encoding_to_char(encoding) as encoding from pg_database where datname = current_database()',
    ),
  ).toEqual([{ provider: 'b', encoding: 'UTF8' }])
  const sockets = new URL(url).searchParams.get('host') ?? ''
  expect((await stat(sockets)).mode & 0o777).toBe(0o700)
})

it('[STO2] a Postgres that is killed is started again at the same address, with everything committed', async () => {
  const dataDir = await usedDataFolder()
  const { url } = await started(dataDir)
  await query(url, 'create table kept (n int)')
  for (let n = 1; n <= 3; n++) {
    await query(url, `insert into kept values (${n})`)
    const killed = await postmasterOf(dataDir)
    process.kill(killed, 'SIGKILL')
    await expect
      .poll(() => query(url, 'select n from kept').catch(() => []), { timeout: 15_000 })
      .toHaveLength(n)
    expect(await postmasterOf(dataDir)).not.toBe(killed)
  }
})

it('[STO2] while Postgres is away a query fails at once, and later ones work', async () => {
  const dataDir = await usedDataFolder()
  const database = await openDatabase({ kind: 'embedded', dataDir }, silent)
  onTestFinished(() => database.close())
  const client = await database.connect()
  const postmaster = await postmasterOf(dataDir)
  const watchdog = await parentOf(postmaster)
  process.kill(watchdog, 'SIGSTOP') // so that nothing is started again yet
  let stopped = true
  const resume = () => {
    if (stopped) process.kill(watchdog, 'SIGCONT')
    stopped = false
  }
  onTestFinished(resume)
  const cut = new Promise((resolve) => client.once('end', resolve))
  process.kill(postmaster, 'SIGKILL')
  await cut
  const before = performance.now()
  await expect(client.query('select 1')).rejects.toThrow()
  await expect(database.connect()).rejects.toThrow()
  await expect(database.pool.query('select 1')).rejects.toThrow()
  expect(performance.now() - before).toBeLessThan(3000)
  resume()
  await expect
    .poll(() => database.pool.query('select 1').catch(() => ({ rows: [] })), { timeout: 15_000 })
    .toMatchObject({ rows: [{}] })
  expect((await (await database.connect()).query('select 1 as one')).rows).toEqual([{ one: 1 }])
})

it('[STO2] a watchdog that is killed takes Postgres with it and both are started again', async () => {
  const dataDir = await usedDataFolder()
  const { url } = await started(dataDir)
  const first = await postmasterOf(dataDir)
  process.kill(await parentOf(first), 'SIGKILL')
  await expect.poll(() => isAlive(first), { timeout: 15_000 }).toBe(false)
  await expect.poll(() => query(url, 'select 1').catch(() => []), { timeout: 15_000 }).toHaveLength(1)
})

it('[STO2] close leaves no process, no socket and a folder that needs no recovery', async () => {
  const dataDir = await usedDataFolder()
  const { url, close } = await started(dataDir)
  const pid = await postmasterOf(dataDir)
  const sockets = new URL(url).searchParams.get('host') ?? ''
  await close()
  expect(await isAlive(pid)).toBe(false)
  await expect(stat(sockets)).rejects.toThrow('ENOENT')
  expect(await readdir(join(dataDir, 'postgres'))).not.toContain('postmaster.pid')
})

it('[STO2] close while Postgres is being started again leaves no process', async () => {
  const dataDir = await usedDataFolder()
  const { close } = await started(dataDir)
  const first = await postmasterOf(dataDir)
  process.kill(first, 'SIGKILL')
  await expect.poll(() => isAlive(first), { timeout: 15_000 }).toBe(false)
  await close()
  await expect(postmasterOf(dataDir)).rejects.toThrow('No Postgres runs')
})

it('[STO1] a first start that was cut short is begun anew', async () => {
  const dataDir = await dataFolder()
  await mkdir(join(dataDir, 'postgres.new', 'base'), { recursive: true })
  await writeFile(join(dataDir, 'postgres.new', 'PG_VERSION'), '18\n')
  const { url } = await started(dataDir)
  expect(await query(url, 'select 1 as one')).toEqual([{ one: 1 }])
  expect(await readdir(dataDir)).not.toContain('postgres.new')
})

it("[STO3] a pid file left behind whose number is now somebody else's does not stop the start", async () => {
  const dataDir = await usedDataFolder()
  await (await started(dataDir)).close()
  await writeFile(join(dataDir, 'postgres', 'postmaster.pid'), `${process.pid}\n`)
  const { url } = await started(dataDir)
  expect(await query(url, 'select 1 as one')).toEqual([{ one: 1 }])
})

it('[CFG4] a folder that is not a Postgres folder is refused in one line and left as it was', async () => {
  const dataDir = await dataFolder()
  await mkdir(join(dataDir, 'postgres'))
  await writeFile(join(dataDir, 'postgres', 'thesis.txt'), 'precious')
  await expect(started(dataDir)).rejects.toThrow(/^\S+ exists and is not a Postgres data folder$/)
  expect(await readdir(join(dataDir, 'postgres'))).toEqual(['thesis.txt'])
})

it('[CFG4] a folder of another Postgres version is refused in one line', async () => {
  const dataDir = await dataFolder()
  await mkdir(join(dataDir, 'postgres'))
  await writeFile(join(dataDir, 'postgres', 'PG_VERSION'), '14\n')
  await expect(started(dataDir)).rejects.toThrow(/was written by Postgres 14 and this is 18/)
})

it('[CFG4] a DATA_DIR that cannot be made is refused in one line', async () => {
  const dataDir = await dataFolder()
  await writeFile(join(dataDir, 'file'), '')
  const refusal = await started(join(dataDir, 'file', 'data')).catch((error: unknown) => error)
  expect(refusal).toBeInstanceOf(StorageError)
  expect(String(refusal)).toMatch(/^StorageError: DATA_DIR \S+ cannot be used: ENOTDIR.*$/)
})

it.skipIf(process.getuid?.() !== 0)(
  '[STO1] run by root, Postgres is another user, and the folder follows when it must be root after all',
  async () => {
    const dataDir = await usedDataFolder()
    await chmod(dataDir, 0o755)
    const open = await started(dataDir)
    const pid = await postmasterOf(dataDir)
    expect((await stat(`/proc/${pid}`)).uid).toBe(65534)
    await query(open.url, 'create table kept (n int)')
    await open.close()

    await chmod(dataDir, 0o700)
    const hidden = await started(dataDir)
    expect(await query(hidden.url, 'select count(*)::int from kept')).toEqual([{ count: 0 }])
    expect((await stat(join(dataDir, 'postgres'))).uid).toBe(0)
    await hidden.close()

    await chmod(dataDir, 0o755)
    const again = await started(dataDir)
    expect(await query(again.url, 'select count(*)::int from kept')).toEqual([{ count: 0 }])
  },
)

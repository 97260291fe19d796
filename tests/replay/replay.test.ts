import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { replay } from '../../server/commands/replay.ts'
import { readTrace } from '../../server/commands/trace.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { concurrent, sequential, writeRecording } from './recordings.ts'

let folder: string
let server: TestServer

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'syncline-replay-'))
  server = await startServer()
})

afterAll(async () => {
  await server?.dispose()
  await rm(folder, { recursive: true, force: true })
})

describe('replay', () => {
  it('[CLI1] types one person’s recording, and a fresh client reads its text to the letter', async () => {
    const trace = await writeRecording(folder, 'sequential', sequential(600, 1))
    const result = await replay({ trace, url: server.url })
    expect(result).toMatchObject({ ok: true, acknowledged: 601, differsAt: undefined })
  })

  it('[CLI1] types what several people wrote at the same time, each from what they had seen', async () => {
    const trace = await writeRecording(folder, 'concurrent', concurrent(3, 600, 2))
    const result = await replay({ trace, url: server.url })
    expect(result).toMatchObject({ ok: true, acknowledged: 600 })
  })

  it('[CLI1] tells where the text differs, when it does', async () => {
    const recording = concurrent(2, 100, 3)
    const endContent = `${recording.endContent.slice(0, 5)}?${recording.endContent.slice(5)}`
    const trace = await writeRecording(folder, 'wrong', { ...recording, endContent })
    expect(await replay({ trace, url: server.url })).toMatchObject({ ok: false, differsAt: 5 })
  })

  it('[CLI2] goes on where it was after the server was killed in the middle, and types nothing twice', async () => {
    const trace = await writeRecording(folder, 'killed', concurrent(2, 1500, 4))
    let kill: Promise<void> | undefined
    const result = await replay({
      trace,
      url: server.url,
      speed: 750,
      onProgress: ({ typed }) => {
        if (typed > 300) kill ??= server.kill9().then(() => server.restart())
      },
    })
    expect(kill).toBeDefined()
    expect(result).toMatchObject({ ok: true, acknowledged: 1500 })
  })

  it('refuses a room that holds something', async () => {
    const trace = await writeRecording(folder, 'twice', sequential(20, 5))
    const { room } = await replay({ trace, url: server.url })
    await expect(replay({ trace, url: server.url, room })).rejects.toThrow('not empty')
  })

  it('ends with the reason when its token grants nothing', async () => {
    const trace = await writeRecording(folder, 'denied', sequential(20, 6))
    const token = await server.token('guest', { 'doc:other': 'read' })
    await expect(replay({ trace, url: server.url, token })).rejects.toMatchObject({ name: 'SynclineError' })
  })
})

describe('a trace', () => {
  it('that is none is refused with what is wrong', async () => {
    const none = await writeRecording(folder, 'none', { hello: 1 })
    await expect(readTrace(none)).rejects.toThrow('endContent')
    const broken = await writeRecording(folder, 'broken', {
      endContent: '',
      txns: [{ patches: [['a', 0, '']] }],
    })
    await expect(readTrace(broken)).rejects.toThrow('Transaction 0')
    const early = {
      kind: 'concurrent',
      numAgents: 1,
      endContent: 'a',
      txns: [{ agent: 0, parents: [3], patches: [] }],
    }
    await expect(readTrace(await writeRecording(folder, 'early', early))).rejects.toThrow('parent, 3')
  })
})

import { describe, expect, it } from 'vitest'
import {
  countSteps,
  type EventOf,
  type EventPayloads,
  type EventType,
  foldBuild,
  foldComments,
  foldDeployment,
  foldLog,
  foldTasks,
  linesOf,
  NO_BUILD,
  NO_COMMENTS,
  NO_DEPLOYMENT,
  NO_LINES,
  NO_TASKS,
  searchLines,
} from '../../client/sdk/index.ts'

/** Events one after the other, ten milliseconds apart. */
const told = () => {
  let seq = 0
  return <Type extends EventType>(type: Type, payload: EventPayloads[Type], actor = 'ada'): EventOf<Type> => {
    seq += 1
    // A union of one: TypeScript does not see that it is the same.
    return { seq, id: `e${seq}`, type, actor, at: seq * 10, payload } as unknown as EventOf<Type>
  }
}

const steps = [
  { id: 'install', title: 'Install' },
  { id: 'test', title: 'Test' },
]

describe('a build', () => {
  it('[EVT50] goes from created to completed, with its steps and times', () => {
    const at = told()
    const events = [
      at('build.created', { title: 'main', steps }),
      at('build.queued', { position: 2 }, 'ci'),
      at('build.started', { worker: 'w1' }, 'ci'),
      at('build.progress', { share: 0.2, step: 'install', message: 'npm ci' }),
      at('build.log', { first: 1, lines: ['a', 'b'], stream: 'stdout' }),
      at('build.progress', { share: 0.5, step: 'install', state: 'done' }),
      at('build.progress', { share: 0.6, step: 'test' }),
    ]
    const running = foldBuild(NO_BUILD, events)
    expect(running).toMatchObject({
      status: 'running',
      share: 0.6,
      lines: 2,
      worker: 'w1',
      actor: 'ada',
      seq: 7,
    })
    expect(running.steps).toMatchObject([
      { id: 'install', title: 'Install', state: 'done', startedAt: 40, endedAt: 60, message: 'npm ci' },
      { id: 'test', state: 'running', startedAt: 70, endedAt: undefined },
    ])
    const done = foldBuild(running, [at('build.completed', { warnings: 3 })])
    expect(done).toMatchObject({ status: 'completed', share: 1, warnings: 3, duration: 50, endedAt: 80 })
    expect(countSteps(done.steps)).toMatchObject({ done: 2, running: 0 })
    // One at a time or all at once is the same, and what is not a build's changes nothing.
    expect(events.reduce((state, event) => foldBuild(state, [event]), NO_BUILD)).toEqual(running)
    expect(foldBuild(done, [at('system.alert', { level: 'info', text: 'x' })])).toBe(done)
  })

  it('[EVT50] fails at a step, stops the others, and is not set running by what comes late', () => {
    const at = told()
    const failed = foldBuild(NO_BUILD, [
      at('build.started', {}),
      at('build.progress', { share: 0.1, step: 'a' }),
      at('build.progress', { share: 0.1, step: 'b' }),
      at('build.failed', { message: 'exit 1', step: 'b', code: 1 }),
      at('build.progress', { share: 0.9, step: 'a' }),
    ])
    expect(failed).toMatchObject({ status: 'failed', share: 0.1, failure: { code: 1 } })
    expect(failed.steps.map(({ id, state }) => [id, state])).toEqual([
      ['a', 'stopped'],
      ['b', 'failed'],
    ])
    const retried = foldBuild(failed, [at('build.started', {})])
    expect(retried).toMatchObject({ status: 'running', failure: undefined, endedAt: undefined, steps: [] })
    expect(foldBuild(retried, [at('build.cancelled', { reason: 'no need' })])).toMatchObject({
      status: 'cancelled',
      reason: 'no need',
    })
  })
})

describe('a log', () => {
  const pieces = () => {
    const at = told()
    return Array.from({ length: 200 }, (_, i) =>
      at('build.log', {
        first: i * 50 + 1,
        lines: Array.from({ length: 50 }, (_, j) => `line ${i * 50 + j + 1}`),
        stream: i % 2 === 0 ? 'stdout' : 'stderr',
      }),
    )
  }

  it('[EVT51] is read by windows, whole and in order', () => {
    const log = foldLog(NO_LINES, pieces())
    expect(log.length).toBe(10_000)
    for (const from of [0, 49, 50, 4_321, 9_990]) {
      const lines = linesOf(log, from, 120)
      expect(lines.map(({ number }) => number)).toEqual(
        Array.from({ length: Math.min(120, 10_000 - from) }, (_, i) => from + i + 1),
      )
      expect(lines.every(({ number, text }) => text === `line ${number}`)).toBe(true)
    }
    expect(linesOf(log, 10_000, 5)).toEqual([])
    expect(searchLines(log, (text) => text.endsWith(' 777'))).toEqual([776])
  })

  it('[EVT51] takes lines that come again once, and shows where some are missing', () => {
    const [first, second, third, fourth] = pieces()
    if (!first || !second || !third || !fourth) throw new Error('four pieces')
    const log = foldLog(foldLog(NO_LINES, [first, second, second]), [first, fourth])
    expect(log.length).toBe(150)
    expect(linesOf(log, 99, 2).map(({ number }) => number)).toEqual([100, 151])
    expect(foldLog(log, [third])).toBe(log)
  })
})

describe('a deployment', () => {
  it('[EVT50] runs, and completes or fails', () => {
    const at = told()
    const running = foldDeployment(NO_DEPLOYMENT, [
      at('deployment.started', { environment: 'live' }),
      at('deployment.progress', { share: 0.4, message: 'copying' }),
    ])
    expect(running).toMatchObject({ status: 'running', share: 0.4, message: 'copying', startedAt: 10 })
    const done = foldDeployment(running, [at('deployment.completed', { url: 'https://live.example' })])
    expect(done).toMatchObject({ status: 'completed', url: 'https://live.example', duration: 20 })
    expect(foldDeployment(done, [at('deployment.progress', { share: 0.1 })])).toBe(done)
    expect(foldDeployment(running, [at('deployment.failed', { message: 'no' })])).toMatchObject({
      status: 'failed',
      failure: { message: 'no' },
    })
  })
})

describe('a project', () => {
  it('[EVT50] has the tasks that were created and not deleted, as they were last changed', () => {
    const at = told()
    const tasks = foldTasks(NO_TASKS, [
      at('project.task.created', { task: 'a', title: 'Write', assignee: 'eve' }),
      at('project.task.created', { task: 'b', title: 'Read' }),
      at('project.task.updated', { task: 'a', title: 'Write more', assignee: null }),
      // Once more, as a backend that does not know whether it did.
      at('project.task.created', { task: 'a', title: 'Write', assignee: 'eve' }, 'eve'),
      at('project.task.status_changed', { task: 'a', to: 'done' }),
      at('project.task.deleted', { task: 'b' }),
      at('project.task.updated', { task: 'b', title: 'too late' }),
    ])
    expect([...tasks.values()]).toMatchObject([
      { id: 'a', title: 'Write more', status: 'done', assignee: undefined, createdAt: 10, changedAt: 50 },
    ])
    expect(foldTasks(tasks, [at('project.task.deleted', { task: 'b' })])).toBe(tasks)
  })

  it('[EVT50] has its comments, oldest first', () => {
    const at = told()
    const comments = foldComments(NO_COMMENTS, [
      at('project.comment.created', { comment: '1', text: 'first', on: 'a' }),
      at('project.comment.created', { comment: '2', text: 'second', answers: '1' }, 'eve'),
      at('project.comment.updated', { comment: '1', text: 'first, mended' }),
      // Nobody says anything in another's name.
      at('project.comment.updated', { comment: '1', text: 'forged' }, 'eve'),
      at('project.comment.created', { comment: '1', text: 'forged anew' }, 'eve'),
      at('project.comment.created', { comment: '3', text: 'gone' }),
      at('project.comment.deleted', { comment: '3' }),
    ])
    expect([...comments.values()]).toMatchObject([
      { id: '1', text: 'first, mended', author: 'ada', editedAt: 30 },
      { id: '2', author: 'eve', answers: '1', editedAt: undefined },
    ])
  })
})

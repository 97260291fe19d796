import type { Fault } from '../../../tests/channels/checker.ts'
import { storm } from '../../../tests/notifications/storm.ts'
import type { Bench, Figures, Scenario } from '../../bench.ts'
import { startPeer } from '../../peer.ts'

/** Everybody of a project is told of its failed builds, over kills in the middle of it; the checker of the tests says what became of it. */
export const notifications: Scenario = {
  name: 'people-notifications',
  title: 'notifications to everybody of a project, over kill -9 of the server',
  columns: [
    { figure: 'notifications', title: 'notifications', digits: 0 },
    { figure: 'people', title: 'people', digits: 0 },
    { figure: 'kills', title: 'kills', digits: 0 },
    { figure: 'lost', title: 'lost or missed', digits: 0 },
    { figure: 'twice', title: 'twice', digits: 0 },
    { figure: 'other', title: 'otherwise wrong', digits: 0 },
    { figure: 'seconds', title: 'seconds', digits: 0 },
  ],
  goals: ['lost', 'twice', 'other'].map((figure) => ({ figure, atMost: 0 })),
  run: (bench) => bench.each(['syncline'], () => told(bench)),
}

async function told(bench: Bench): Promise<Figures> {
  let peer = await startPeer('syncline', bench.postgres)
  const options = {
    people: bench.pick(1_000, 100),
    // Beside these everybody is told that they were added to the project.
    builds: 9,
    kills: 3,
    readers: 20,
    withinMs: 300_000,
  }
  const started = performance.now()
  try {
    const { faults, notifications } = await storm(
      {
        wsUrl: () => peer.address,
        url: () => new URL(peer.address.replace('ws', 'http')).origin,
        token: async (user, grants) => peer.signToken(user, grants),
        kill: async () => {
          await peer.kill()
          peer = await startPeer('syncline', bench.postgres)
        },
      },
      options,
    )
    const count = (...kinds: Fault['kind'][]) => faults.filter(({ kind }) => kinds.includes(kind)).length
    for (const { kind, detail } of faults.slice(0, 10)) bench.log(`  ${kind}: ${detail}`)
    return {
      notifications,
      people: options.people,
      kills: options.kills,
      lost: count('lost', 'missed'),
      twice: count('twice'),
      other: count('disorder', 'disagreement', 'invented', 'unanswered'),
      seconds: (performance.now() - started) / 1000,
    }
  } finally {
    await peer.kill()
  }
}

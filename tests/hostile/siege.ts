import { randomInt } from 'node:crypto'
import * as Y from 'yjs'
import type { FrameAttack, Scene, UpdateAttack } from './attack.ts'
import { Attacker } from './attacker.ts'
import { frame, raw, STEP_1, STEP_2, SYNC, UPDATE } from './bytes.ts'
import { CORPUS } from './corpus.ts'
import { eventually } from './target.ts'

/**
 * One hostile person, in a process of its own: all frames and updates of the corpus in turn, for as long as it
 * lives. WS_URL, ROOM and TOKEN say where; it prints how many attacks it has made when it is asked to end.
 */
const { WS_URL: wsUrl = '', ROOM: room = '', TOKEN: token = '' } = process.env

/** After this the next attack begins, whether or not the last one was answered, in ms. */
const PATIENCE = 1_000

const document = new Y.Doc()
document.getText('content').insert(0, 'What was there before')
const scene: Scene = {
  room,
  elsewhere: 'private:elsewhere',
  stolen: token,
  victim: { client: randomInt(2 ** 31), clock: 0 },
  state: Y.encodeStateAsUpdate(document),
}

/** The frames of an attack by somebody who may write, behind their join. */
function framesOf(attack: FrameAttack | UpdateAttack): readonly (Uint8Array | string)[] {
  if (attack.kind === 'frames') return attack.frames(scene)
  return [UPDATE, STEP_2].map((step) => frame(room, SYNC, step, attack.update(scene)))
}

const attacks = CORPUS.filter((attack) => attack.kind !== 'port').map(framesOf)
let made = 0

process.on('SIGTERM', () => {
  process.stdout.write(`${made}\n`, () => process.exit(0))
})
process.stdout.write('ready\n')

for (let index = 0; ; index = (index + 1) % attacks.length) {
  const attacker = await Attacker.open({ wsUrl }).catch(() => undefined)
  if (attacker === undefined) continue
  const joined = attacker.join(room, token)
  await Promise.race([joined, eventually(() => attacker.closed, PATIENCE)])
  attacker.send(frame(room, SYNC, STEP_1, raw(1, 0)))
  for (const bytes of attacks[index] ?? []) attacker.send(bytes)
  await Promise.race([attacker.handled(room), eventually(() => attacker.closed, PATIENCE)])
  attacker.close()
  made += 1
}

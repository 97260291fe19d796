import type { Party } from './arena.ts'
import type { Attack, FrameAttack, Outcome, Scene, UpdateAttack } from './attack.ts'
import { Attacker } from './attacker.ts'
import { frame, raw, STEP_1, STEP_2, SYNC, UPDATE } from './bytes.ts'
import { eventually, type Target } from './target.ts'

/** A room in which attackers have no grant. */
const ELSEWHERE = 'private:elsewhere'
const MALLORY = 'mallory'

const GRANTS = {
  writer: { 'doc:*': 'write' },
  reader: { 'doc:*': 'read' },
  outsider: { 'note:*': 'admin' },
} as const

/** Does it to the room of these people, and gives what is not as it must be. */
export async function launch(attack: Attack, target: Target, party: Party): Promise<readonly string[]> {
  if (attack.kind === 'port') {
    const answers = await attack.run(target)
    const wanted = attack.answers?.map(String)
    if (wanted === undefined || answers.some((answer) => wanted.includes(answer))) return []
    return [`answered ${answers.join() || 'nothing'}, not ${wanted.join(' or ')}`]
  }
  const scene: Scene = { ...party.scene, elsewhere: ELSEWHERE, stolen: await target.token('somebody-else') }
  return attack.kind === 'frames' ? frames(attack, target, scene) : edit(attack, target, scene)
}

async function frames(attack: FrameAttack, target: Target, scene: Scene): Promise<readonly string[]> {
  const member = attack.as === 'writer' || attack.as === 'reader'
  const attacker = await Attacker.open(target)
  try {
    if (attack.as !== 'nobody') {
      const taken = await attacker.join(scene.room, await target.token(MALLORY, GRANTS[attack.as]))
      if (taken !== member) return [`the token was ${taken ? 'taken' : `refused: ${attacker.codes.join()}`}`]
      attacker.codes.length = 0
    }
    const handshake = member ? [frame(scene.room, SYNC, STEP_1, raw(1, 0))] : []
    attacker.sendTogether([...handshake, ...attack.frames(scene)])
    const answered = member && !target.stock && attack.leaves !== true
    const handled = await attacker.handled(answered ? scene.room : undefined)
    return await judge(attack.outcome, attacker, handled)
  } finally {
    attacker.close()
  }
}

/** As an edit and as the answer of a handshake, over a WebSocket each. */
async function edit(attack: UpdateAttack, target: Target, scene: Scene): Promise<readonly string[]> {
  const problems: string[] = []
  const update = attack.update(scene)
  for (const step of [UPDATE, STEP_2]) {
    const attacker = await Attacker.enter(target, scene.room, await target.token(MALLORY, GRANTS.writer))
    attacker.send(frame(scene.room, SYNC, STEP_1, raw(1, 0)))
    if (step === UPDATE) attacker.send(frame(scene.room, SYNC, STEP_2, raw(2, 0, 0)))
    attacker.send(frame(scene.room, SYNC, step, update))
    const handled = await attacker.handled(target.stock ? undefined : scene.room)
    const refused = attack.outcome.kind === 'refused'
    const acknowledged = attacker.applied > (step === UPDATE ? 1 : 0)
    if (refused && acknowledged) problems.push('it was acknowledged')
    problems.push(...(await judge(attack.outcome, attacker, handled)))
    attacker.close()
  }
  return [...new Set(problems)]
}

/** Some refusals come once others have been heard, a moment later; in ms. */
const REFUSED_WITHIN = 1_000

async function judge(outcome: Outcome, attacker: Attacker, handled: boolean): Promise<string[]> {
  const problems: string[] = []
  if (!handled) problems.push('what was sent was not handled in time')
  if (outcome.kind !== 'refused') return problems
  const told = () => attacker.codes.some((code) => outcome.codes.some((one) => one === code))
  if (!(await eventually(told, REFUSED_WITHIN))) {
    problems.push(`said ${attacker.codes.join() || 'nothing'}, not ${outcome.codes.join(' or ')}`)
  }
  return problems
}

/** Whether what attackers write in their own name must not be found in the room. */
export const leavesNothing = ({ outcome }: Attack): boolean => outcome.kind !== 'harmless'

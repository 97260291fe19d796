import type { EventDraft } from '../protocol.ts'

/** Nobody may mention more in one event: what says more is refused, and not counted further. */
const MOST = 100

/** As how many messages events count: each is one, and so is each person whom it mentions, since they are told. */
export const weigh = (drafts: readonly EventDraft[]): number =>
  drafts.reduce((sum, { payload }) => sum + 1 + Math.min(mentionsIn(payload), MOST), 0)

function mentionsIn(payload: unknown): number {
  if (typeof payload !== 'object' || payload === null) return 0
  const mentions: unknown = Reflect.get(payload, 'mentions')
  return Array.isArray(mentions) ? mentions.length : 0
}

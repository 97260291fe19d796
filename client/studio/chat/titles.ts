import type { ChatMember, ChatSummary } from '../../sdk/index.ts'

export const nameOf = ({ id, name }: Pick<ChatMember, 'id' | 'name'>): string => name ?? id

/** Who else is in it, or what it was called. */
export function titleOf({ title, direct, members }: ChatSummary, self: string): string {
  const others = members.filter(({ id }) => id !== self).map(nameOf)
  if (direct) return others[0] ?? 'Nobody'
  return title?.trim() || others.join(', ') || 'A chat'
}

/** More than two digits would not fit beside a title. */
export const countShown = (count: number): string => (count > 99 ? '99+' : String(count))

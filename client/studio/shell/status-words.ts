import type { PersonStatus } from '../../../server/protocol.ts'
import { ago } from '../times.ts'

/** Somebody's status as a person would say it. */
export function statusWords({ status, device, lastSeen }: Omit<PersonStatus, 'user' | 'name'>): string {
  const where = device === 'phone' ? ' on a phone' : ''
  if (status === 'online') return `online${where}`
  if (status === 'away') return `away${where}`
  return lastSeen === null ? 'offline' : `last seen ${ago(lastSeen)}`
}

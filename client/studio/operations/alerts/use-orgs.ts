import { useEffect, useState } from 'react'
import type { TokenSource } from '../../api.ts'
import { ask } from '../api.ts'

interface Page {
  readonly rooms: readonly { readonly name: string }[]
  readonly next: string | null
}

const ROOM = 'analytics:'

/** Whose measures there are, by name; nobody's where that cannot be read: the page has what its address says. */
export function useOrgs(token: TokenSource): readonly string[] {
  const [orgs, setOrgs] = useState<readonly string[]>([])
  useEffect(() => {
    const controller = new AbortController()
    orgsOf(token, controller.signal).then(setOrgs, () => undefined)
    return () => controller.abort()
  }, [token])
  return orgs
}

async function orgsOf(token: TokenSource, signal: AbortSignal): Promise<readonly string[]> {
  const all: string[] = []
  let after: string | undefined
  do {
    const page: Page = await ask<Page>(token, '/rooms', { kind: 'analytics', limit: '100', after }, signal)
    all.push(...page.rooms.map(({ name }) => name.slice(ROOM.length)))
    after = page.next ?? undefined
  } while (after !== undefined)
  return all.sort()
}

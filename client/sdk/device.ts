import type { Device } from '../../server/protocol.ts'

/** What this page is shown on; unknown where there is no page. */
export const thisDevice = (): Device | undefined => {
  if (typeof window === 'undefined' || typeof matchMedia === 'undefined') return undefined
  return matchMedia('(pointer: coarse)').matches ? 'phone' : 'desktop'
}

export const isDevice = (said: unknown): said is Device => said === 'desktop' || said === 'phone'

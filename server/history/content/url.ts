const SCHEME = /^([a-z][a-z0-9+.-]*):/i
const LINKED = new Set(['http', 'https', 'mailto', 'tel', 'sms', 'ftp', 'ftps', 'xmpp'])
const SHOWN = /^(https?:|data:image\/(png|jpeg|gif|webp|avif);base64,)/i
/** What browsers take out of an address, or skip before it, ere they look at its scheme. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this is about
const SKIPPED = /[\u0000-\u0020\u007f-\u00a0\u00ad\u200b-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff]/g

/** As browsers have it: without ends of lines and what is blank around it, and what is blank within it encoded. */
function written(address: string): string {
  const line = address.replace(/[\t\r\n]/g, '')
  const isBlank = (at: number) => line.charCodeAt(at) <= 0x20
  let [from, until] = [0, line.length]
  while (from < until && isBlank(from)) from += 1
  while (from < until && isBlank(until - 1)) until -= 1
  return line.slice(from, until).replace(/[\p{Cc} ]/gu, encodeURIComponent)
}

/** An address that a link may lead to: a relative one or of a scheme that runs nothing; undefined for any other. */
export function linkUrl(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined
  const url = value.replace(SKIPPED, '')
  const scheme = SCHEME.exec(url)?.[1]
  if (scheme !== undefined && !LINKED.has(scheme.toLowerCase())) return undefined
  return url === '' ? '' : written(value)
}

/** Whether a link may be made of it. */
export const isLink = (value: unknown): boolean => (linkUrl(value) ?? '') !== ''

/** The same as `linkUrl` for a picture. */
export function imageUrl(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined
  const url = value.replace(SKIPPED, '')
  if (SCHEME.test(url) && !SHOWN.test(url)) return undefined
  return url === '' ? '' : written(value)
}

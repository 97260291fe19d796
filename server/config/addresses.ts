import { isIP } from 'node:net'
import { z } from 'zod'

export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))

/** An address whose answer decides who is let in, so nobody on the way may write that answer. */
export const trustedUrl = z.string().refine((value) => {
  const url = URL.parse(value)
  if (url === null || url.username !== '' || url.password !== '') return false
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(host))
}, 'must be an https:// address (http:// on a loopback address), without a user in it')

/** An address that is told what the server does, and decides nothing. */
export const collector = z.string().refine((value) => {
  const url = URL.parse(value)
  return url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === ''
}, 'must be an http:// or https:// address without a user in it; see OTEL_EXPORTER_OTLP_HEADERS')

/** What BlockList takes: an address, or one with a prefix. */
export const proxies = z.string().transform((value, context) => {
  const list = value.split(',').map((part) => part.trim())
  for (const range of list) {
    const [address = '', prefix = '0', ...rest] = range.split('/')
    const bits = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1
    if (rest.length === 0 && /^\d{1,3}$/.test(prefix) && Number(prefix) <= bits) continue
    context.addIssue({
      code: 'custom',
      message: `"${range}" is not an address or a range such as 10.0.0.0/8`,
    })
  }
  return list
})

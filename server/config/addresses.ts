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

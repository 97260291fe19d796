/** The two headers that tell where a request comes from; Node's and fetch's both give them. */
export interface OriginHeaders {
  readonly origin?: string | undefined
  readonly host?: string | undefined
}

const ANY = '*'

/**
 * Whether whoever runs in a browser at that origin may use this server: its own pages, those listed, and
 * programs that are no browser and so send no Origin. WebSockets know no CORS, so the upgrade asks this too.
 */
export function originAllowed({ origin, host }: OriginHeaders, allowed: readonly string[]): boolean {
  if (origin === undefined || allowed.includes(ANY) || allowed.includes(origin)) return true
  const from = URL.parse(origin)
  if (from === null || host === undefined) return false
  // A proxy that ends TLS leaves http here and https there, so hosts are compared and schemes are not.
  return from.host !== '' && from.host === URL.parse(`${from.protocol}//${host}`)?.host
}

/** The value of Access-Control-Allow-Origin, if there is to be one. */
export function corsOrigin(origin: string, allowed: readonly string[]): string | null {
  if (allowed.includes(ANY)) return ANY
  return allowed.includes(origin) ? origin : null
}

/**
 * Whether a request was addressed to this machine by a name that only this machine answers to. A page of
 * another site can point its own name at 127.0.0.1, and its origin is then the same as its host.
 */
export function addressedToLoopback(host: string | undefined): boolean {
  const name = host === undefined ? undefined : URL.parse(`http://${host}`)?.hostname
  if (name === undefined) return false
  return (
    name === 'localhost' || name.endsWith('.localhost') || name === '[::1]' || /^127(\.\d+){3}$/.test(name)
  )
}

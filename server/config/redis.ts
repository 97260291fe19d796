import { z } from 'zod'

interface Host {
  readonly host: string
  readonly port: number
}

/** One Redis, a Redis Cluster, or whichever the sentinels call the master. */
export type RedisConfig = {
  readonly tls: boolean
  readonly username: string | undefined
  readonly password: string | undefined
} & (
  | ({ readonly kind: 'single'; readonly db: number } & Host)
  | { readonly kind: 'cluster'; readonly hosts: readonly Host[] }
  | {
      readonly kind: 'sentinel'
      readonly hosts: readonly Host[]
      readonly master: string
      readonly db: number
    }
)

const FORM =
  /^redis(?<tls>s?)(?:\+(?<kind>cluster|sentinel))?:\/\/(?:(?<user>[^@/]*)@)?(?<hosts>[^@/?#]+)(?:\/(?<path>[^?#]*))?$/
const PORT = { single: 6379, cluster: 6379, sentinel: 26379 } as const

const MUST_BE =
  'must be redis://[user:password@]host[:port][/db], redis+cluster://host,host… or redis+sentinel://host,host…/master[/db]; rediss for TLS'

/** `undefined` where it is no such address. */
function parse(address: string): RedisConfig | undefined {
  const groups = FORM.exec(address)?.groups
  if (groups === undefined) return undefined
  const kind = groups.kind === 'cluster' || groups.kind === 'sentinel' ? groups.kind : 'single'
  const hosts = hostsOf(groups.hosts ?? '', PORT[kind])
  const [first] = hosts ?? []
  const credentials = credentialsOf(groups.user)
  if (hosts === undefined || first === undefined || credentials === undefined) return undefined
  const common = { tls: groups.tls === 's', ...credentials }
  const path = groups.path ? groups.path.split('/') : []
  if (kind === 'cluster') return path.length === 0 ? { kind, hosts, ...common } : undefined
  const master = kind === 'sentinel' ? path.shift() : undefined
  const db = Number(path[0] ?? 0)
  if (path.length > 1 || !/^\d*$/.test(path[0] ?? '')) return undefined
  if (kind === 'sentinel') return master ? { kind, hosts, master, db, ...common } : undefined
  return hosts.length === 1 ? { kind, db, ...first, ...common } : undefined
}

function hostsOf(list: string, port: number): readonly Host[] | undefined {
  const urls = list.split(',').map((host) => URL.parse(`redis://${host}`))
  const hosts = urls.map((url) => ({
    host: (url?.hostname ?? '').replace(/^\[(.*)\]$/, '$1'),
    port: Number(url?.port || port),
  }))
  return hosts.every(({ host }) => host !== '') ? hosts : undefined
}

function credentialsOf(user: string | undefined): Pick<RedisConfig, 'username' | 'password'> | undefined {
  const [name = '', ...rest] = (user ?? '').split(':')
  try {
    return {
      username: decodeURIComponent(name) || undefined,
      password: decodeURIComponent(rest.join(':')) || undefined,
    }
  } catch {
    return undefined
  }
}

export const redisAddress = z.string().transform((address, context): RedisConfig => {
  const parsed = parse(address)
  if (parsed !== undefined) return parsed
  // The address itself may hold a password, and is not repeated.
  context.addIssue({ code: 'custom', message: MUST_BE })
  return z.NEVER
})

import { TIMEOUT } from 'node:dns'
import { lookup, Resolver } from 'node:dns/promises'
import { BlockList, isIP, type LookupFunction } from 'node:net'
import { SynclineError } from '../errors.ts'

type Family = 'ipv4' | 'ipv6'

const familyOf = (address: string): Family => (isIP(address) === 6 ? 'ipv6' : 'ipv4')

/** Nothing of the public internet: RFC 6890 and what has been added to it, with what may stand for such an address in IPv6. */
const PRIVATE: readonly (readonly [network: string, prefix: number, family: Family])[] = [
  ['0.0.0.0', 8, 'ipv4'],
  ['10.0.0.0', 8, 'ipv4'],
  ['100.64.0.0', 10, 'ipv4'],
  ['127.0.0.0', 8, 'ipv4'],
  ['169.254.0.0', 16, 'ipv4'],
  ['172.16.0.0', 12, 'ipv4'],
  ['192.0.0.0', 24, 'ipv4'],
  ['192.0.2.0', 24, 'ipv4'],
  ['192.88.99.0', 24, 'ipv4'],
  ['192.168.0.0', 16, 'ipv4'],
  ['198.18.0.0', 15, 'ipv4'],
  ['198.51.100.0', 24, 'ipv4'],
  ['203.0.113.0', 24, 'ipv4'],
  ['224.0.0.0', 3, 'ipv4'],
  // All that is not global unicast (IPv4 in IPv6 as well), then what of that is not: Teredo, ORCHID, documentation, 6to4.
  ['::', 3, 'ipv6'],
  ['4000::', 2, 'ipv6'],
  ['8000::', 1, 'ipv6'],
  ['2001::', 23, 'ipv6'],
  ['2001:db8::', 32, 'ipv6'],
  ['2002::', 16, 'ipv6'],
  ['3fff::', 20, 'ipv6'],
]

/** The addresses that a name stands for; another one in tests. */
export type Resolve = (host: string) => Promise<readonly string[]>

/**
 * Not `lookup` alone, which holds one of the process's four threads for as long as a name server is silent, and with it
 * files and compression. It is asked for what name servers do not know: this machine may, by its hosts file.
 */
const resolver = new Resolver({ timeout: 1_500, tries: 2 })

const resolveByName: Resolve = async (host) => {
  const asked = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)])
  const found = asked.flatMap((family) => (family.status === 'fulfilled' ? family.value : []))
  if (found.length > 0) return found
  for (const family of asked)
    if (family.status === 'rejected' && family.reason?.code === TIMEOUT) throw family.reason
  return (await lookup(host, { all: true })).map(({ address }) => address)
}

/** Why an address is not connected to. */
class AddressRefused extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'AddressRefused'
  }
}

/**
 * Which addresses webhooks may have. Whoever makes a webhook chooses what this server connects to, from within its
 * network: databases, metadata services and administration pages listen there for whoever can reach them.
 */
export class Addresses {
  /** Apart: one list for both takes every IPv4 address for one of `::/3`. */
  readonly #refused = { ipv4: new BlockList(), ipv6: new BlockList() }
  readonly #allowed = new BlockList()
  readonly #resolve: Resolve

  /** @param allowed addresses and CIDR ranges that may be connected to although they are private, and over http */
  constructor(allowed: readonly string[], resolve: Resolve = resolveByName) {
    for (const range of PRIVATE) this.#refused[range[2]].addSubnet(...range)
    for (const range of allowed) {
      const [address = '', prefix] = range.split('/')
      if (prefix === undefined) this.#allowed.addAddress(address, familyOf(address))
      else this.#allowed.addSubnet(address, Number(prefix), familyOf(address))
    }
    this.#resolve = resolve
  }

  /**
   * What can be said of an address without connecting to it, when a webhook is made; it is said again at every connection.
   * @throws SynclineError `webhook-address-refused`
   */
  async require(text: string): Promise<void> {
    try {
      await this.#addressesOf(this.parse(text))
    } catch (error) {
      if (!(error instanceof AddressRefused)) throw error
      throw new SynclineError('webhook-address-refused', error.message, { cause: error })
    }
  }

  /** @throws AddressRefused */
  parse(text: string): URL {
    const url = URL.parse(text)
    if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:'))
      throw new AddressRefused('it must be an https:// address')
    if (url.username !== '' || url.password !== '')
      throw new AddressRefused('there must be no user in it; messages are signed')
    const host = hostOf(url)
    if (isIP(host) !== 0) this.#check(url, [host])
    return url
  }

  /**
   * For `node:https`: resolves the name of an address and connects to nothing that is refused. What was checked is what is
   * connected to: a name that means something else a moment later has no moment. Not asked for hosts that are no names, which
   * `parse` has looked at.
   */
  lookupFor(url: URL): LookupFunction {
    return (_host, { all }, callback) => {
      this.#addressesOf(url).then(
        (found) => {
          const addresses = found.map((address) => ({ address, family: isIP(address) }))
          const [first] = addresses
          if (all || first === undefined) callback(null, addresses)
          else callback(null, first.address, first.family)
        },
        (error: Error) => callback(error, ''),
      )
    }
  }

  /** @throws AddressRefused */
  async #addressesOf(url: URL): Promise<readonly string[]> {
    const host = hostOf(url)
    // `parse` has looked at it.
    if (isIP(host) !== 0) return [host]
    const addresses = await this.#resolve(host).catch((cause: unknown) => {
      throw new AddressRefused(`${host} cannot be resolved`, { cause })
    })
    if (addresses.length === 0) throw new AddressRefused(`${host} cannot be resolved`)
    this.#check(url, addresses)
    return addresses
  }

  /** All of them: which one is connected to is not said. */
  #check({ protocol }: URL, addresses: readonly string[]): void {
    for (const address of addresses) {
      const family = familyOf(address)
      if (this.#allowed.check(address, family)) continue
      if (this.#refused[family].check(address, family))
        throw new AddressRefused(
          `${address} is in a private network, which WEBHOOK_ALLOWED_NETWORKS does not name`,
        )
      if (protocol !== 'https:') throw new AddressRefused('it must be an https:// address')
    }
  }
}

/** Without the brackets of an IPv6 address. */
const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[(.*)\]$/, '$1')

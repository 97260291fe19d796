import type { IncomingMessage } from 'node:http'
import { BlockList, isIP, isIPv6 } from 'node:net'

/** The proxies whose word is taken for where a request comes from. */
export function trustedList(ranges: readonly string[]): BlockList {
  const list = new BlockList()
  for (const range of ranges) {
    const [address = '', prefix] = range.split('/')
    const family = isIPv6(address) ? 'ipv6' : 'ipv4'
    if (prefix === undefined) list.addAddress(address, family)
    else list.addSubnet(address, Number(prefix), family)
  }
  return list
}

export const LOOPBACK = trustedList(['127.0.0.0/8', '::1'])

/** Whether it was one of these who sent the request itself, whomever it speaks for. */
export const isSentBy = ({ socket }: Pick<IncomingMessage, 'socket'>, peers: BlockList): boolean =>
  isTrusted(plain(socket.remoteAddress ?? ''), peers)

/**
 * Where a request comes from: its peer, or, while that is a trusted proxy, whom the proxy names. Anybody can send
 * an X-Forwarded-For, so it is read from its end, and only as far as trusted proxies have written it.
 */
export function clientAddress(
  { socket, headers }: Pick<IncomingMessage, 'socket' | 'headers'>,
  trusted: BlockList,
): string {
  let address = plain(socket.remoteAddress ?? '')
  // Node joins several such headers with a comma, in their order.
  const named = String(headers['x-forwarded-for'] ?? '').split(',')
  while (isTrusted(address, trusted)) {
    const next = plain(named.pop()?.trim() ?? '')
    if (isIP(next) === 0) break
    address = next
  }
  return countedAs(address)
}

/** An IPv4 address that came in by an IPv6 socket is still one. */
const plain = (address: string): string => address.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '')

function isTrusted(address: string, trusted: BlockList): boolean {
  const family = isIP(address)
  return family !== 0 && trusted.check(address, family === 6 ? 'ipv6' : 'ipv4')
}

/** Who has one IPv6 address has the 2^64 of its network, so these count as one. */
function countedAs(address: string): string {
  if (!isIPv6(address)) return address
  const [head = '', tail] = (address.split('%')[0] ?? '').split('::')
  const groups = head === '' ? [] : head.split(':')
  if (tail !== undefined) {
    const rest = tail === '' ? [] : tail.split(':')
    while (groups.length + rest.length < 8) groups.push('0')
    groups.push(...rest)
  }
  const network = groups.slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16))
  return `${network.join(':')}::/64`
}

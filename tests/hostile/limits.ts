/**
 * Limits out of the way: what stops an attack in these tests must be that it is one, and not that it came fast.
 * The limits have tests of their own.
 */
export const UNBRAKED = {
  MAX_ROOMS_PER_SOCKET: '10000',
  MAX_SOCKETS_PER_USER: '100000',
  MAX_SOCKETS_PER_ADDRESS: '100000',
  MAX_UNAUTHENTICATED: '100000',
  MAX_UNAUTHENTICATED_PER_ADDRESS: '100000',
  AUTHENTICATE_WITHIN_MS: '60000',
  MESSAGES_PER_SECOND: '1000000',
  BYTES_PER_SECOND: `${1024 ** 3}`,
  APPLY_MS_PER_SECOND: '1000',
  MAX_FAULTS_PER_MINUTE: '1000000',
  MAX_REQUESTS_PER_ADDRESS: '1000000',
} as const

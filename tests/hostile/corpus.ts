import type { Attack } from './attack.ts'
import { HANDSHAKES } from './corpus-handshake.ts'
import { HTTP } from './corpus-http.ts'
import { PRESENCE } from './corpus-presence.ts'
import { PROTOCOL } from './corpus-protocol.ts'
import { STRUCTURES } from './corpus-structure.ts'
import { ENCODINGS } from './corpus-updates.ts'

/** Everything that is thrown at the server, each by name. */
export const CORPUS: readonly Attack[] = [
  ...PROTOCOL,
  ...PRESENCE,
  ...ENCODINGS,
  ...STRUCTURES,
  ...HTTP,
  ...HANDSHAKES,
]

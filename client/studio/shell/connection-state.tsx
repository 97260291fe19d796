import { Text } from '@mantine/core'
import type { ConnectionStatus } from '../../sdk/index.ts'

const WORDS: Record<ConnectionStatus, string> = {
  online: 'Online',
  connecting: 'Connecting',
  offline: 'Offline',
}

export function ConnectionState({ status }: { readonly status: ConnectionStatus }) {
  return (
    <Text component="span" size="sm" c="dimmed" className="connection" data-status={status}>
      <span className="connection-dot" aria-hidden="true" />
      <span className="connection-word">{WORDS[status]}</span>
    </Text>
  )
}

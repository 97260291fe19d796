import { Text } from '@mantine/core'
import { useCallback, useState, useSyncExternalStore } from 'react'
import { useClient } from '../../react/index.ts'
import type { Client } from '../../sdk/index.ts'
import { ActDialog } from './act-dialog.tsx'

/**
 * While something would be lost with it, the browser asks whoever closes the page. It is told so only then: it keeps no
 * page ready to go back to that listens for this.
 */
export function warnWhileLosing(client: Client): void {
  const heed = () => {
    const { losing } = client.getState()
    if (losing) window.addEventListener('beforeunload', warn)
    else window.removeEventListener('beforeunload', warn)
  }
  client.subscribe(heed)
}

const warn = (event: BeforeUnloadEvent): void => event.preventDefault()

interface Leaving {
  readonly asking: boolean
  /** Leaves, or asks first. */
  readonly leave: () => void
  readonly stay: () => void
  readonly onLeave: () => void
}

export function useLeaving(onLeave: () => void): Leaving {
  const client = useClient()
  const [asking, setAsking] = useState(false)
  const leave = () => (client.getState().losing ? setAsking(true) : onLeave())
  return { asking, leave, stay: () => setAsking(false), onLeave }
}

export function LeaveDialog({ asking, stay, onLeave }: Leaving) {
  const losing = useLosing()
  return (
    <ActDialog
      opened={asking}
      title="Leave?"
      button={losing ? 'Leave without it' : 'Leave'}
      dangerous={losing}
      onAct={async () => onLeave()}
      onUnsure={() => undefined}
      onClose={stay}
    >
      <Text>
        {losing
          ? 'The server has not saved all that you wrote, and this browser keeps no copy of it. What cannot be saved within a few seconds is lost.'
          : 'By now all that you wrote is saved, or kept on this device.'}
      </Text>
    </ActDialog>
  )
}

function useLosing(): boolean {
  const client = useClient()
  const subscribe = useCallback((listener: () => void) => client.subscribe(listener), [client])
  const read = useCallback(() => client.getState().losing, [client])
  return useSyncExternalStore(subscribe, read, read)
}

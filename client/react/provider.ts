import { createContext, createElement, type ReactElement, type ReactNode, useContext } from 'react'
import type { Client } from '../sdk/client.ts'

const ClientContext = createContext<Client | undefined>(undefined)

export interface SynclineProviderProps {
  /** From `connect()`. Whoever made it destroys it; the provider only hands it down. */
  readonly client: Client
  readonly children?: ReactNode
}

export const SynclineProvider = ({ client, children }: SynclineProviderProps): ReactElement =>
  createElement(ClientContext.Provider, { value: client }, children)

export const useClient = (): Client => {
  const client = useContext(ClientContext)
  if (client === undefined) throw new Error('useClient() and useRoom() need a <SynclineProvider> above them')
  return client
}

import { Center, Loader } from '@mantine/core'
import { useCallback, useEffect, useState } from 'react'
import { getInfo } from './api.ts'
import { Entry, Unreachable } from './entry.tsx'
import { endSession, restoreSession, type Session } from './session.ts'
import { Studio } from './studio.tsx'

type Boot =
  | { readonly step: 'asking' }
  | { readonly step: 'failed'; readonly message: string }
  | { readonly step: 'ready'; readonly development: boolean }

export function App() {
  const [boot, setBoot] = useState<Boot>({ step: 'asking' })
  const [session, setSession] = useState<Session>()

  const ask = useCallback(() => {
    setBoot({ step: 'asking' })
    getInfo().then(
      ({ development }) => {
        setSession((before) => before ?? restoreSession(development))
        setBoot({ step: 'ready', development })
      },
      (cause: unknown) =>
        setBoot({ step: 'failed', message: cause instanceof Error ? cause.message : String(cause) }),
    )
  }, [])
  useEffect(ask, [ask])

  const leave = () => {
    endSession()
    setSession(undefined)
  }

  switch (boot.step) {
    case 'asking':
      return (
        <Center mih="100dvh">
          <Loader aria-label="Loading" type="dots" />
        </Center>
      )
    case 'failed':
      return <Unreachable message={boot.message} onRetry={ask} />
    case 'ready':
      return session === undefined ? (
        <Entry development={boot.development} onEnter={setSession} />
      ) : (
        <Studio key={session.user.id} session={session} development={boot.development} onLeave={leave} />
      )
  }
}

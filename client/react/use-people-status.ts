import { useEffect, useState } from 'react'
import type { PersonStatus } from '../../server/protocol.ts'
import { useClient } from './provider.ts'

const NOBODY: ReadonlyMap<string, PersonStatus> = new Map()

/**
 * Who of these people is online, away or offline and last seen when, whatever room they are in. Those with whom the
 * reader shares no room are left out; so is everybody until the server has answered.
 */
export const usePeopleStatus = (users: readonly string[]): ReadonlyMap<string, PersonStatus> => {
  const { statuses } = useClient()
  const wanted = [...new Set(users)].sort().join('\n') // which no id holds
  const [known, setKnown] = useState(NOBODY)
  useEffect(() => {
    const ids = wanted === '' ? [] : wanted.split('\n')
    const update = (): void =>
      setKnown(new Map(ids.flatMap((id) => [statuses.get(id)].flatMap((one) => (one ? [[id, one]] : [])))))
    update()
    return statuses.watch(ids, update)
  }, [statuses, wanted])
  return known
}

import { useMemo } from 'react'
import { DEPLOYMENT, type DeploymentState } from '../sdk/events/deployment-state.ts'
import type { Told } from '../sdk/events/folded.ts'
import type { Room } from '../sdk/room.ts'
import { useFolded, useTold } from './use-folded.ts'

/** The deployment of a room `deployment:<id>`. Until `caughtUp`, what is not known of it may still come. */
export const useDeployment = (room: Room): DeploymentState & Told => {
  const deployment = useFolded(room, DEPLOYMENT)
  const told = useTold(room, DEPLOYMENT)
  return useMemo(() => ({ ...deployment, ...told }), [deployment, told])
}

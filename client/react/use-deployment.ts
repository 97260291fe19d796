import { DEPLOYMENT, type DeploymentState } from '../sdk/events/deployment-state.ts'
import type { Room } from '../sdk/room.ts'
import { useFolded } from './use-folded.ts'

/** The deployment of a room `deployment:<id>`. */
export const useDeployment = (room: Room): DeploymentState => useFolded(room, DEPLOYMENT)

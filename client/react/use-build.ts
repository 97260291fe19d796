import { BUILD, type BuildState } from '../sdk/events/build-state.ts'
import { BUILD_LOG, type LogLines } from '../sdk/events/log-lines.ts'
import type { Room } from '../sdk/room.ts'
import { useFolded } from './use-folded.ts'

/** The build of a room `build:<id>`: status, steps, share, times. Its log is `useBuildLog`'s. */
export const useBuild = (room: Room): BuildState => useFolded(room, BUILD)

/** The whole log of a build as it comes; `linesOf` reads what a window over it shows. */
export const useBuildLog = (room: Room): LogLines => useFolded(room, BUILD_LOG)

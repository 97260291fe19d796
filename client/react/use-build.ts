import { useMemo } from 'react'
import { BUILD, type BuildState } from '../sdk/events/build-state.ts'
import type { Told } from '../sdk/events/folded.ts'
import { BUILD_LOG, type LogLines } from '../sdk/events/log-lines.ts'
import type { Room } from '../sdk/room.ts'
import { useFolded, useTold } from './use-folded.ts'

/**
 * The build of a room `build:<id>`: status, steps, share, times. Its log is `useBuildLog`'s. Until `caughtUp`, what is
 * not known of it may still come.
 */
export const useBuild = (room: Room): BuildState & Told => {
  const build = useFolded(room, BUILD)
  const told = useTold(room, BUILD)
  return useMemo(() => ({ ...build, ...told }), [build, told])
}

/** The whole log of a build as it comes; `linesOf` reads what a window over it shows. */
export const useBuildLog = (room: Room): LogLines => useFolded(room, BUILD_LOG)

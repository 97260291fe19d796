import { Skeleton, Text } from '@mantine/core'
import type { BuildState } from '../../sdk/index.ts'
import { buildPath, linkTo } from '../router.ts'
import { ago, exactly } from '../times.ts'
import { duration } from './durations.ts'
import { StatusBadge } from './signs.tsx'
import type { ListedBuild } from './use-builds.ts'

export const buildTitle = (build: BuildState | undefined, room: string): string =>
  build?.created?.title.trim() || room.slice('build:'.length)

export function BuildRow({ room, build }: ListedBuild) {
  return (
    <a className="row" {...linkTo(buildPath(room.name))}>
      <span className="row-text">
        <Text component="span" fw={500} truncate display="block">
          {buildTitle(build, room.name)}
        </Text>
        <Text component="span" size="sm" c="dimmed" truncate display="block">
          {build?.created?.ref === undefined ? null : `${build.created.ref} · `}
          <time dateTime={room.changedAt} title={exactly(room.changedAt)}>
            {ago(room.changedAt)}
          </time>
          {tookWords(build)}
        </Text>
      </span>
      {build === undefined ? (
        <Skeleton width={104} height={26} radius="xl" />
      ) : (
        <StatusBadge status={build.status} />
      )}
    </a>
  )
}

const tookWords = (build: BuildState | undefined): string =>
  build?.duration === undefined ? '' : ` · took ${duration(build.duration)}`

import { Progress as Bar, Text } from '@mantine/core'
import { type BuildState, hasEnded } from '../../sdk/index.ts'
import { duration } from './durations.ts'

/** How far it is, in a bar and in words, and how it ended. */
export function Progress({ build, now }: { readonly build: BuildState; readonly now: number }) {
  const { status, share, startedAt } = build
  const percent = Math.floor(share * 100)
  const ended = hasEnded(build)
  const took = build.duration ?? (startedAt === undefined || ended ? undefined : now - startedAt)
  return (
    <div className="build-progress" data-state={status}>
      <Bar.Root size="sm" radius={0} className="build-bar-track">
        <Bar.Section
          value={share * 100}
          aria-label="Progress of the build"
          aria-valuetext={`${percent} %`}
          color={
            status === 'failed'
              ? 'red.8'
              : status === 'completed'
                ? 'green.8'
                : status === 'cancelled'
                  ? 'gray.6'
                  : undefined
          }
        />
      </Bar.Root>
      <div className="build-words">
        <Text component="span" size="sm" fw={600} className="build-percent">
          {percent} %
        </Text>
        <Text
          component="span"
          size="sm"
          className="build-message"
          role={status === 'failed' ? 'alert' : undefined}
        >
          {words(build)}
        </Text>
        {took === undefined ? null : (
          <Text component="span" size="sm" c="dimmed" className="build-time">
            {duration(took)}
          </Text>
        )}
      </div>
    </div>
  )
}

function words(build: BuildState): string {
  const { status, message, position, failure, reason, warnings = 0, worker, steps } = build
  switch (status) {
    case 'unknown':
    case 'created':
      return 'Waits to be started'
    case 'queued':
      return position === undefined || position === 0
        ? 'Waits in the queue'
        : `Waits in the queue, ${position} before it`
    case 'running':
      return message ?? (worker === undefined ? 'Runs' : `Runs on ${worker}`)
    case 'completed':
      return warnings === 0
        ? 'Succeeded'
        : `Succeeded with ${warnings} ${warnings === 1 ? 'warning' : 'warnings'}`
    case 'failed': {
      const step = steps.find(({ id }) => id === failure?.step)
      const where = step === undefined ? 'Failed' : `Failed in ${step.title}`
      const code = failure?.code === undefined ? '' : ` (code ${failure.code})`
      return `${where}: ${failure?.message ?? ''}${code}`
    }
    case 'cancelled':
      return reason === undefined ? 'Cancelled' : `Cancelled: ${reason}`
  }
}

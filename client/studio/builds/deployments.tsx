import { Progress, Text } from '@mantine/core'
import { IconExternalLink } from '@tabler/icons-react'
import type { DeploymentState } from '../../sdk/index.ts'
import { duration } from './durations.ts'
import { StepSign } from './signs.tsx'
import type { Deployment } from './use-deployments.ts'

interface DeploymentsProps {
  readonly deployments: readonly Deployment[]
  readonly now: number
}

/** Where this build was brought. */
export function Deployments({ deployments, now }: DeploymentsProps) {
  return (
    <section className="build-section" aria-labelledby="build-deployments">
      <h2 id="build-deployments" className="build-heading">
        Deployments
      </h2>
      {deployments.length === 0 ? (
        <Text size="sm" c="dimmed" px={16}>
          Not deployed yet.
        </Text>
      ) : (
        <ul className="plain-list">
          {deployments.map(({ room, state }) => (
            <li key={room} className="deployment">
              <StepSign state={SIGNS[state.status]} />
              <span className="build-step-text">
                <Text component="span" size="sm" fw={500} truncate display="block">
                  {state.started?.environment}
                  {state.started?.version === undefined ? '' : ` · ${state.started.version}`}
                </Text>
                <Text component="span" size="sm" c="dimmed" lineClamp={2} className="deployment-words">
                  {words(state, now)}
                </Text>
                {state.status === 'running' ? (
                  <Progress
                    value={state.share * 100}
                    size="xs"
                    mt={6}
                    aria-label={`Deployment to ${state.started?.environment ?? ''}`}
                  />
                ) : null}
              </span>
              {state.url === undefined ? null : (
                <a
                  className="deployment-link"
                  href={state.url}
                  target="_blank"
                  rel="noopener noreferrer nofollow"
                  aria-label={`Open ${state.started?.environment ?? 'it'}`}
                  title={state.url}
                >
                  <IconExternalLink size={18} stroke={1.7} aria-hidden="true" />
                </a>
              )}
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}

const SIGNS = { unknown: 'waiting', running: 'running', completed: 'done', failed: 'failed' } as const

function words(
  { status, message, failure, share, startedAt, duration: took }: DeploymentState,
  now: number,
): string {
  switch (status) {
    case 'unknown':
      return 'Not begun'
    case 'running':
      return `${Math.floor(share * 100)} %${message === undefined ? '' : ` · ${message}`}${
        startedAt === undefined ? '' : ` · ${duration(now - startedAt)}`
      }`
    case 'completed':
      return took === undefined ? 'Deployed' : `Deployed in ${duration(took)}`
    case 'failed':
      return `Failed: ${failure?.message ?? ''}${failure?.rolledBack === true ? '. It was rolled back.' : ''}`
  }
}

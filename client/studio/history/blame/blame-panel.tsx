import { Group, Skeleton, Stack, Text, Title } from '@mantine/core'
import { KnownAvatar } from '../../shell/person-avatar.tsx'
import { when } from '../compare/hint.tsx'
import { useAnswer } from '../compare/use-answer.ts'
import { useHistory } from '../context.ts'
import { sharesOf } from './shares.ts'

/** Whose the words are that the document has at the chosen position. */
export function BlamePanel() {
  const { api, head, position, nameOf, colorOf } = useHistory()
  const at = position.kind === 'at' ? position.at : position.kind === 'compare' ? position.to : undefined
  const newest = at === undefined ? head : undefined
  const { value, loading } = useAnswer((signal) => api.blame(at, {}, signal), [api, at, newest])
  const shares = sharesOf(value?.types ?? {})
  const total = Math.max(
    1,
    shares.reduce((sum, { characters }) => sum + characters, 0),
  )
  return (
    <Stack gap="md" p="md">
      <Title order={2} size="h4" className="panel-title">
        Who wrote this
      </Title>
      {value === undefined && loading ? (
        <Stack gap="sm" role="status" aria-label="Counting">
          <Skeleton height={40} />
          <Skeleton height={40} />
        </Stack>
      ) : null}
      {value !== undefined && shares.length === 0 ? <Text c="dimmed">There is no text here.</Text> : null}
      <Stack component="ul" gap="sm" className="plain-list">
        {shares.map(({ actor, characters, last }) => (
          <Group component="li" key={actor} gap="sm" wrap="nowrap">
            <KnownAvatar id={actor} name={nameOf(actor)} color={colorOf(actor)} size={28} />
            <div>
              <Text fw={500}>{nameOf(actor)}</Text>
              <Text size="sm" c="dimmed">
                {Math.round((characters / total) * 100)} % · {characters.toLocaleString('en')} characters ·
                last {when(last)}
              </Text>
            </div>
          </Group>
        ))}
      </Stack>
    </Stack>
  )
}

import { Skeleton, Stack } from '@mantine/core'

interface LoadingRowsProps {
  /** What is being loaded: `Loading the builds`. */
  readonly label: string
  readonly height: number
  readonly rows?: number
}

/** In the place of a list that is on its way. */
export const LoadingRows = ({ label, height, rows = 4 }: LoadingRowsProps) => (
  <Stack gap="sm" role="status" aria-label={label}>
    {Array.from({ length: rows }, (_, row) => row).map((row) => (
      <Skeleton key={row} height={height} />
    ))}
  </Stack>
)

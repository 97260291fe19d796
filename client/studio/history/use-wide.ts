import { useMediaQuery } from '@mantine/hooks'

const WIDE = '(min-width: 62em)'

/** Whether there is room for three columns; elsewhere the timeline and the panel slide in from below. */
export const useWide = (): boolean =>
  useMediaQuery(WIDE, undefined, { getInitialValueInEffect: false }) ?? true

import {
  type CSSVariablesResolver,
  createTheme,
  Drawer,
  type MantineColorsTuple,
  Menu,
  Modal,
  Notification,
} from '@mantine/core'
import { focusMenuButton } from './shell/menu-focus.ts'

/** The one accent. Shade 8 keeps 4.5 : 1 under white text in both schemes. */
const tide: MantineColorsTuple = [
  '#eaf7f8',
  '#d5ecef',
  '#a9d9df',
  '#7ac5ce',
  '#54b4bf',
  '#3ca9b6',
  '#2d9eac',
  '#1d8491',
  '#0e7381',
  '#006270',
]

const system =
  'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Helvetica Neue", Arial, sans-serif'

export const MONOSPACE =
  'ui-monospace, "SF Mono", "Cascadia Code", Menlo, Consolas, "DejaVu Sans Mono", monospace'

/** What it is called by who hears it. */
const closeButtonProps = { 'aria-label': 'Close' }

export const theme = createTheme({
  colors: { tide },
  primaryColor: 'tide',
  primaryShade: { light: 8, dark: 8 },
  fontFamily: system,
  fontFamilyMonospace: MONOSPACE,
  headings: { fontFamily: system, fontWeight: '600' },
  defaultRadius: 'md',
  cursorType: 'pointer',
  focusRing: 'auto',
  respectReducedMotion: true,
  components: {
    Drawer: Drawer.extend({ defaultProps: { closeButtonProps } }),
    Modal: Modal.extend({ defaultProps: { centered: true, closeButtonProps } }),
    Notification: Notification.extend({ defaultProps: { closeButtonProps, withBorder: true } }),
    MenuDropdown: Menu.Dropdown.extend({ defaultProps: { onClickCapture: focusMenuButton } }),
    // It would take the focus from what an item has opened to write in.
    Menu: Menu.extend({ defaultProps: { returnFocus: false } }),
  },
})

/** Mantine's own dimmed greys, and its red as text on white, are 3.3 : 1; these keep 4.5 : 1 on every surface used here. */
export const resolveVariables: CSSVariablesResolver = ({ colors }) => ({
  variables: {},
  light: {
    '--mantine-color-dimmed': colors.gray[7],
    '--mantine-color-placeholder': colors.gray[7],
    '--mantine-color-red-light-color': colors.red[9],
  },
  dark: { '--mantine-color-dimmed': colors.dark[1], '--mantine-color-placeholder': colors.dark[1] },
})

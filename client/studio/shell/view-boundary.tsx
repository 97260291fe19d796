import { IconAlertTriangle } from '@tabler/icons-react'
import { Component, type ReactNode } from 'react'
import { ReadFailure } from './read-failure.tsx'

interface ViewBoundaryProps {
  /** Where one is: somewhere else it is another view, which has not failed. */
  readonly path: string
  readonly children: ReactNode
}

/** A mistake of ours in one view takes no other with it, and is said instead of a white page. */
export class ViewBoundary extends Component<ViewBoundaryProps, { readonly failed: boolean }> {
  override state = { failed: false }

  static getDerivedStateFromError() {
    return { failed: true }
  }

  /** Told to the browser as it would be without this: the console, and whoever listens to `error`. */
  override componentDidCatch(error: unknown): void {
    reportError(error)
  }

  override componentDidUpdate({ path }: ViewBoundaryProps): void {
    if (this.state.failed && path !== this.props.path) this.setState({ failed: false })
  }

  override render(): ReactNode {
    if (!this.state.failed) return this.props.children
    return (
      <ReadFailure
        icon={<IconAlertTriangle />}
        title="This page has broken"
        says="That is a mistake of this program's, and not of yours. What you wrote is saved, or kept on this device until it is; everything else goes on."
        retry={() => this.setState({ failed: false })}
      />
    )
  }
}

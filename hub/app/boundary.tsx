import { Component, type ReactNode } from 'react';
import { ProblemMessage } from '../components/ProblemMessage';

interface BoundaryProps {
  children: ReactNode;
  /** Called before the page is tried again. */
  onRetry?: () => void;
}

interface BoundaryState {
  failure?: { error: unknown };
}

/** Keeps a page that breaks from taking the rest of the hub with it. */
export class Boundary extends Component<BoundaryProps, BoundaryState> {
  override state: BoundaryState = {};

  static getDerivedStateFromError(error: unknown): BoundaryState {
    return { failure: { error } };
  }

  private readonly retry = (): void => {
    this.props.onRetry?.();
    this.setState({ failure: undefined });
  };

  override render(): ReactNode {
    const { failure } = this.state;
    if (failure === undefined) return this.props.children;
    return <ProblemMessage error={failure.error} onRetry={this.retry} />;
  }
}

import { Component, type ReactNode } from 'react';
import { ProblemMessage } from '../components/ProblemMessage';

interface BoundaryProps {
  children: ReactNode;
  /** What is missing when it breaks: "This page". */
  what: string;
  /** What works all the same. */
  advice?: string;
  /** Another one is another page, which is shown again. */
  resetKey?: unknown;
  /** Called before the page is tried again. */
  onRetry?: () => void;
}

interface BoundaryState {
  failure?: { error: unknown };
}

/** Keeps what breaks, while it is drawn or in an effect, from taking everything around it with it. Writes nothing down. */
export class Boundary extends Component<BoundaryProps, BoundaryState> {
  override state: BoundaryState = {};

  static getDerivedStateFromError(error: unknown): BoundaryState {
    // Anything can be thrown; without an error there would be nothing to tell.
    return { failure: { error: error ?? new Error('an error without a message') } };
  }

  override componentDidUpdate(before: BoundaryProps, { failure }: BoundaryState): void {
    // Only what had failed before: a failure that came with the new key would else be tried for ever.
    if (failure !== undefined && failure === this.state.failure && before.resetKey !== this.props.resetKey) {
      this.setState({ failure: undefined });
    }
  }

  private readonly retry = (): void => {
    this.props.onRetry?.();
    this.setState({ failure: undefined });
  };

  override render(): ReactNode {
    const { failure } = this.state;
    const { what, advice, children } = this.props;
    if (failure === undefined) return children;
    return <ProblemMessage what={what} error={failure.error} advice={advice} onRetry={this.retry} />;
  }
}

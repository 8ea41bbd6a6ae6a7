import type { ReactNode } from 'react';
import { CopyButton } from './CopyButton';

export interface EmptyStateProps {
  title: string;
  /** Why there is nothing, and what would change that. */
  children: ReactNode;
  /** Steps to add to a pipeline. */
  yaml?: string;
}

/** Said instead of an empty table. */
export function EmptyState({ title, children, yaml }: EmptyStateProps) {
  return (
    <section className="hub-empty">
      <h2 className="title-s">{title}</h2>
      <p>{children}</p>
      {yaml !== undefined && (
        <>
          <pre className="hub-code" tabIndex={0} role="region" aria-label="YAML to add">
            <code>{yaml}</code>
          </pre>
          <CopyButton text={yaml} what="the YAML" />
        </>
      )}
    </section>
  );
}

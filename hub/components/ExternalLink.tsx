import { Icon } from 'azure-devops-ui/Icon';
import type { ReactNode } from 'react';
import { useHost } from '../app/providers';
import { displayText } from './display-text';
import { linkTarget } from './link-target';

export interface ExternalLinkProps {
  href: string;
  children: ReactNode;
  className?: string;
}

/**
 * A link to an address that came from a run. Pages of the viewer's own organization open in place of this one; any other names its
 * host and says that it opens in a new tab. What must not be a link stays text.
 */
export function ExternalLink({ href, children, className }: ExternalLinkProps) {
  const target = linkTarget(href, useHost().organization);
  if (target === undefined) return <span className={className}>{children}</span>;
  if (target.own) {
    return (
      <a className={linkClass(className)} href={target.href} target="_top">
        {children}
      </a>
    );
  }
  return (
    <a className={linkClass(className)} href={target.href} target="_blank" rel="noopener noreferrer">
      {children} <span className="hub-link-host">({displayText(target.host)})</span>{' '}
      <Icon iconName="NavigateExternalInline" />
      <span className="hub-only-read">opens in a new tab</span>
    </a>
  );
}

function linkClass(className: string | undefined): string {
  return className === undefined ? 'hub-link' : `hub-link ${className}`;
}

import type { MouseEvent, ReactNode } from 'react';
import { useNavigate } from '../app/navigate';
import { useHost } from '../app/providers';
import { viewUrl, type View } from '../app/views';

export interface ViewLinkProps {
  view: View;
  /** Query parameters of the view: `{ model: 'churn', version: '7' }`. */
  params?: Readonly<Record<string, string | undefined>>;
  children: ReactNode;
  className?: string;
}

/** A link to a view of the hub: opens it in place, or in another tab when asked to; from the other pages it leads to the hub. */
export function ViewLink({ view, params, children, className }: ViewLinkProps) {
  const host = useHost();
  const { open } = useNavigate();
  const inside = host.contributionId === host.hubId;
  const onClick = (event: MouseEvent): void => {
    if (!inside || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    open(view, params);
  };
  return (
    <a
      className={className === undefined ? 'hub-link' : `hub-link ${className}`}
      href={viewUrl(host, view, params)}
      target="_top"
      onClick={onClick}
    >
      {children}
    </a>
  );
}

import { lazyPage } from './app/lazy-page';
import { Shell } from './app/shell';
import { start } from './app/start';
import { useApprovals } from './data/queries';

const pages = {
  models: lazyPage(() => import('./pages/models')),
  version: lazyPage(() => import('./pages/version')),
  compare: lazyPage(() => import('./pages/compare')),
  deployments: lazyPage(() => import('./pages/deployments')),
  approvals: lazyPage(() => import('./pages/approvals')),
  delivery: lazyPage(() => import('./pages/delivery')),
};

function useApprovalCount(): number | undefined {
  const { approvals, isLoading, problem } = useApprovals('mine');
  return isLoading || problem !== undefined ? undefined : approvals.filter(({ mayDecide }) => mayDecide).length;
}

start(<Shell pages={pages} useApprovalCount={useApprovalCount} />);

import { lazyPage } from './app/lazy-page';
import { Shell } from './app/shell';
import { start } from './app/start';
import { useApprovals } from './data/approvals';

const pages = {
  models: lazyPage(() => import('./pages/models')),
  version: lazyPage(() => import('./pages/version')),
  compare: lazyPage(() => import('./pages/compare')),
  deployments: lazyPage(() => import('./pages/deployments')),
  approvals: lazyPage(() => import('./pages/approvals')),
  delivery: lazyPage(() => import('./pages/delivery')),
};

function useApprovalCount(): number | undefined {
  return useApprovals('mine').approvals.length;
}

start(<Shell pages={pages} useApprovalCount={useApprovalCount} />);

import { Tab, TabBar, TabSize } from 'azure-devops-ui/Tabs';
import type { ReactNode } from 'react';
import { useUrlState } from '../../app/url-state';
import { EmptyState } from '../../components/EmptyState';
import { EvidenceProblems } from '../../components/EvidenceProblems';
import { ProblemMessage } from '../../components/ProblemMessage';
import { SkeletonRows } from '../../components/SkeletonRows';
import { useModelVersion } from '../../data/queries';
import { ActivityTab } from './ActivityTab';
import { DeploymentsTab } from './DeploymentsTab';
import type { Known } from './known';
import { EvaluationTab } from './EvaluationTab';
import { LineageTab } from './LineageTab';
import { MetricsTab } from './MetricsTab';
import { OverviewTab } from './OverviewTab';
import { Summary } from './Summary';
import './version.css';

const tabs = [
  { id: 'overview', name: 'Overview', show: OverviewTab },
  { id: 'metrics', name: 'Metrics', show: MetricsTab },
  { id: 'evaluation', name: 'Evaluation', show: EvaluationTab },
  { id: 'lineage', name: 'Lineage', show: LineageTab },
  { id: 'deployments', name: 'Deployments', show: DeploymentsTab },
  { id: 'activity', name: 'Activity', show: ActivityTab },
] as const satisfies readonly { id: string; name: string; show: (props: { known: Known }) => ReactNode }[];

/** One version: what it is, how good it is against production, where it came from, where it went. Parameters: `model`, `version`, `tab`. */
export default function VersionPage() {
  const { params, patch } = useUrlState();
  const result = useModelVersion(params['model'], params['version']);
  const { version, evidence } = result;
  const tab = tabs.find(({ id }) => id === params['tab']) ?? tabs[0];
  if (result.isLoading) return <SkeletonRows rows={8} label="Loading the version" />;
  if (version === undefined) {
    return (
      <>
        <ProblemMessage what="The version" problem={result.problem} onRetry={result.refresh} />
        {result.problem === undefined && (
          <EmptyState title="This version was not found">
            No run that you may see registered it, or its run was deleted. Models are listed on the page Models.
          </EmptyState>
        )}
      </>
    );
  }
  const known: Known = { ...result, version };
  const Shown = tab.show;
  return (
    <>
      <ProblemMessage
        what="What became of the version"
        severity="warning"
        problem={result.problem}
        onRetry={result.refresh}
      />
      <Summary known={known} />
      <ProblemMessage
        what="The evidence of this version"
        severity="warning"
        problem={result.evidenceProblem}
        onRetry={result.refresh}
      />
      <EvidenceProblems of={`run ${version.run.number}`} problems={evidence?.problems ?? []} />
      <TabBar
        ariaLabel="Parts of the version"
        className="hub-tabs version-tabs"
        disableSticky
        tabSize={TabSize.Compact}
        selectedTabId={tab.id}
        onSelectedTabChanged={(id) => patch({ tab: id })}
      >
        {tabs.map(({ id, name }) => (
          <Tab key={id} id={id} name={name} />
        ))}
      </TabBar>
      <div role="tabpanel" aria-label={tab.name}>
        <Shown known={known} />
      </div>
    </>
  );
}

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
import { EvaluationTab } from './EvaluationTab';
import { isReading, knownOf, type Known } from './known';
import { LineageTab } from './LineageTab';
import { MetricsTab } from './MetricsTab';
import { OverviewTab } from './OverviewTab';
import { Summary } from './Summary';
import './version.css';

interface VersionTab {
  id: string;
  name: string;
  show: (props: { known: Known }) => ReactNode;
  /** It rests on records: nothing of it can be said before they are read. */
  needsEvidence: boolean;
}

const overview: VersionTab = { id: 'overview', name: 'Overview', show: OverviewTab, needsEvidence: true };
const tabs: readonly VersionTab[] = [
  overview,
  { id: 'metrics', name: 'Metrics', show: MetricsTab, needsEvidence: true },
  { id: 'evaluation', name: 'Evaluation', show: EvaluationTab, needsEvidence: true },
  { id: 'lineage', name: 'Lineage', show: LineageTab, needsEvidence: true },
  { id: 'deployments', name: 'Deployments', show: DeploymentsTab, needsEvidence: false },
  { id: 'activity', name: 'Activity', show: ActivityTab, needsEvidence: false },
];

/** A tab's id becomes an id of the document, where the hub's own tabs have theirs. */
const prefix = 'version-';

/** One version: what it is, how good it is against production, where it came from, where it went. Parameters: `model`, `version`, `workspace`, `tab`. */
export default function VersionPage() {
  const { params, patch } = useUrlState();
  const result = useModelVersion(params['model'], params['version'], params['workspace']);
  const { version, evidence } = result;
  if (result.isLoading) return <SkeletonRows rows={8} label="Loading the version" />;
  if (version === undefined) {
    return (
      <>
        <ProblemMessage what="The version" problem={result.problem} onRetry={result.refresh} />
        {result.problem === undefined && <NotFound isNamed={result.isMissing} />}
      </>
    );
  }
  const tab = tabs.find(({ id }) => id === params['tab']) ?? overview;
  const known = knownOf(result, version, new Date());
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
        selectedTabId={prefix + tab.id}
        onSelectedTabChanged={(id) => patch({ tab: id.slice(prefix.length) })}
      >
        {tabs.map(({ id, name }) => (
          <Tab key={id} id={prefix + id} name={name} />
        ))}
      </TabBar>
      <div role="tabpanel" aria-label={tab.name} tabIndex={0} className="version-panel">
        {tab.needsEvidence && isReading(result) ? (
          <SkeletonRows rows={8} label="Loading the evidence" />
        ) : (
          <Shown known={known} />
        )}
      </div>
    </>
  );
}

function NotFound({ isNamed }: { isNamed: boolean }) {
  return isNamed ? (
    <EmptyState title="This version was not found">
      No run that you may see registered it, or its run was deleted. Models are listed on the page Models.
    </EmptyState>
  ) : (
    <EmptyState title="No version was named">
      The address names no model and version. Models are listed on the page Models.
    </EmptyState>
  );
}

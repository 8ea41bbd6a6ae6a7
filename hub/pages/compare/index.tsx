import { useMemo } from 'react';
import { listOf } from '../../app/list-param';
import { useUrlState } from '../../app/url-state';
import { EmptyState } from '../../components/EmptyState';
import { EvidenceProblems } from '../../components/EvidenceProblems';
import { ProblemMessage } from '../../components/ProblemMessage';
import { listText } from '../../components/charts/text';
import { displayText } from '../../components/display-text';
import { SkeletonRows } from '../../components/SkeletonRows';
import { useModelVersion } from '../../data/queries';
import type { ModelVersionResult } from '../../data/results';
import { servingAt } from '../../data/serving';
import type { DeploymentEvent } from '../../data/types';
import { isReading } from '../version/known';
import { versionRecords } from '../version/records';
import { pinned, type Column } from './comparison';
import { CompareTable } from './CompareTable';

const mostChosen = 4;

/** Two to four versions of a model side by side, and before them the one in production. Parameters: `model`, `workspace`, `versions`, `different`. */
export default function ComparePage() {
  const { params, patch } = useUrlState();
  const { model, workspace } = params;
  const named = [...new Set(listOf(params['versions']))];
  const [chosen, leftOut] = [named.slice(0, mostChosen), named.slice(mostChosen)];
  // Every version of a model is read from the same list of runs: it costs no request of its own.
  const production = useProduction(model, useModelVersion(model, chosen[0], workspace).modelDeployments);
  const versions = pinned([...chosen, ...production.slice(0, 1)], production);
  const results = useVersions(model, versions, workspace);
  if (model === undefined || chosen.length < 2) {
    return (
      <EmptyState title="Nothing to compare">
        Choose two to four versions of one model on the page Models, then Compare.
      </EmptyState>
    );
  }
  const columns = versions.flatMap((version, index) => columnOf(version, results[index], production));
  const isLoading = results.some((result) => result.isLoading || (result.version !== undefined && isReading(result)));
  return (
    <>
      {leftOut.length > 0 && (
        <p role="note" className="hub-warning">
          {displayText(`At most four are compared; left out: ${listText(leftOut)}.`)}
        </p>
      )}
      {versions.map((version, index) => (
        <VersionProblems key={version} version={version} result={results[index]} />
      ))}
      {isLoading && <SkeletonRows rows={10} label="Loading the versions" />}
      {!isLoading && columns.length > 0 && (
        <CompareTable
          model={model}
          workspace={workspace}
          columns={columns}
          onlyDifferent={params['different'] === 'true'}
          onOnlyDifferent={(only) => patch({ different: only ? 'true' : undefined })}
        />
      )}
    </>
  );
}

/** Versions that production serves now. */
function useProduction(model: string | undefined, events: readonly DeploymentEvent[] | undefined): string[] {
  return useMemo(() => {
    const serving = servingAt(events ?? [], new Date());
    const versions = serving
      .filter((one) => one.isProduction && one.model === model && one.traffic > 0)
      .flatMap(({ version }) => version ?? []);
    return [...new Set(versions)];
  }, [events, model]);
}

/** Hooks cannot be called in a loop of changing length: there are as many calls as a comparison has columns at most. */
function useVersions(
  model: string | undefined,
  versions: readonly string[],
  workspace: string | undefined,
): ModelVersionResult[] {
  const all = [
    useModelVersion(model, versions[0], workspace),
    useModelVersion(model, versions[1], workspace),
    useModelVersion(model, versions[2], workspace),
    useModelVersion(model, versions[3], workspace),
    useModelVersion(model, versions[4], workspace),
  ];
  return all.slice(0, versions.length);
}

function columnOf(version: string, result: ModelVersionResult | undefined, production: readonly string[]): Column[] {
  if (result?.version === undefined) return [];
  return [
    {
      version,
      isProduction: production.includes(version),
      records: versionRecords(result.version, result.evidence),
      isRead: result.evidence !== undefined,
      image: result.packages[0]?.entry.image,
    },
  ];
}

function VersionProblems({ version, result }: { version: string; result: ModelVersionResult | undefined }) {
  if (result === undefined) return null;
  if (result.isMissing) {
    return (
      <EmptyState title={displayText(`Version ${version} was not found`)}>
        No run that you may see registered it, or its run was deleted.
      </EmptyState>
    );
  }
  return (
    <>
      <ProblemMessage what={displayText(`Version ${version}`)} problem={result.problem} onRetry={result.refresh} />
      <ProblemMessage
        what={displayText(`The evidence of version ${version}`)}
        severity="warning"
        problem={result.evidenceProblem}
        onRetry={result.refresh}
      />
      <EvidenceProblems of={`version ${version}`} problems={result.evidence?.problems ?? []} />
    </>
  );
}

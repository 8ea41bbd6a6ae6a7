import { useMemo } from 'react';
import { listOf } from '../../app/list-param';
import { useUrlState } from '../../app/url-state';
import { EmptyState } from '../../components/EmptyState';
import { EvidenceProblems } from '../../components/EvidenceProblems';
import { ProblemMessage } from '../../components/ProblemMessage';
import { SkeletonRows } from '../../components/SkeletonRows';
import { useModelVersion } from '../../data/queries';
import type { ModelVersionResult } from '../../data/results';
import { servingAt } from '../../data/serving';
import { pinned, type Column } from './comparison';
import { CompareTable } from './CompareTable';

/** Two to four versions of a model side by side, the one in production first. Parameters: `model`, `versions`, `different`. */
export default function ComparePage() {
  const { params, patch } = useUrlState();
  const model = params['model'];
  const versions = [...new Set(listOf(params['versions']))].slice(0, 4);
  const results = useVersions(model, versions);
  const events = results[0]?.modelDeployments;
  const production = useMemo(
    () =>
      servingAt(events ?? [], new Date())
        .filter((serving) => serving.isProduction && serving.model === model && serving.traffic > 0)
        .flatMap(({ version }) => version ?? []),
    [events, model],
  );
  if (model === undefined || versions.length < 2) {
    return (
      <EmptyState title="Nothing to compare">
        Choose two to four versions of one model on the page Models, then Compare.
      </EmptyState>
    );
  }
  const order = pinned(versions, production);
  const columns = order.flatMap((version) => columnOf(version, results[versions.indexOf(version)], production));
  return (
    <>
      {versions.map((version, index) => (
        <VersionProblems key={version} version={version} result={results[index]} />
      ))}
      {results.some((result) => result.isLoading) && <SkeletonRows rows={10} label="Loading the versions" />}
      {columns.length > 0 && (
        <CompareTable
          model={model}
          columns={columns}
          onlyDifferent={params['different'] === 'true'}
          onOnlyDifferent={(only) => patch({ different: only ? 'true' : undefined })}
        />
      )}
    </>
  );
}

/** Hooks cannot be called in a loop of changing length: there are as many calls as a comparison has columns at most. */
function useVersions(model: string | undefined, versions: readonly string[]): ModelVersionResult[] {
  const all = [
    useModelVersion(model, versions[0]),
    useModelVersion(model, versions[1]),
    useModelVersion(model, versions[2]),
    useModelVersion(model, versions[3]),
  ];
  return all.slice(0, versions.length);
}

function columnOf(version: string, result: ModelVersionResult | undefined, production: readonly string[]): Column[] {
  if (result?.version === undefined) return [];
  return [
    {
      version,
      isProduction: production.includes(version),
      records: result.evidence?.records ?? [],
      image: result.packages[0]?.entry.image,
    },
  ];
}

function VersionProblems({ version, result }: { version: string; result: ModelVersionResult | undefined }) {
  if (result === undefined) return null;
  if (result.isMissing) {
    return (
      <EmptyState title={`Version ${version} was not found`}>
        No run that you may see registered it, or its run was deleted.
      </EmptyState>
    );
  }
  return (
    <>
      <ProblemMessage what={`Version ${version}`} problem={result.problem} onRetry={result.refresh} />
      <ProblemMessage
        what={`The evidence of version ${version}`}
        severity="warning"
        problem={result.evidenceProblem}
        onRetry={result.refresh}
      />
      <EvidenceProblems of={`version ${version}`} problems={result.evidence?.problems ?? []} />
    </>
  );
}

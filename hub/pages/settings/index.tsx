import { EmptyState } from '../../components/EmptyState';
import { useEnvironmentAudit } from '../../data/queries';
import { EnvironmentPart } from './EnvironmentPart';
import { FolderPart } from './FolderPart';
import { ScopePart } from './ScopePart';
import './settings.css';

/** What stands between a run and production, and between two teams, in words. Reads only: nothing is changed from here. */
export default function SettingsPage() {
  const audit = useEnvironmentAudit();
  const { environments, folders, isLoading } = audit;
  const isEmpty =
    !isLoading && [environments, folders].every(({ rows, problem }) => rows.length === 0 && problem === undefined);
  return (
    <div className="settings">
      <p>
        Everything here was read with your own rights, so what you may not see is not judged. Nothing is changed from
        this page: the sentences say where to change it.
      </p>
      {isEmpty ? (
        <EmptyState title="Nothing to audit yet">
          You see no environment and no pipeline in this project. Create an environment for each place you deploy to
          (Pipelines, Environments), let a stage deploy to it, and give it checks: then this page says what they are
          worth.
        </EmptyState>
      ) : (
        <>
          <EnvironmentPart audit={audit} />
          <FolderPart audit={audit} />
        </>
      )}
      <ScopePart />
    </div>
  );
}

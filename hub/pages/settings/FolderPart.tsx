import { ProblemMessage } from '../../components/ProblemMessage';
import { SkeletonRows } from '../../components/SkeletonRows';
import '../../components/table.css';
import { listText } from '../../components/charts/text';
import { displayText } from '../../components/display-text';
import { Text } from '../../components/Text';
import type { AuditedFolder, EnvironmentAudit } from '../../data/results';
import { folderRights, isolationText } from './words';

/** The service is asked for this many pipelines. */
const mostPipelines = 1000;

/** Which folders hold pipelines, what the viewer may do there, and how two teams are kept apart. */
export function FolderPart({ audit }: { audit: EnvironmentAudit }) {
  const { folders, teams, rightsProblem, isLoading, refresh } = audit;
  const { rows, problem } = folders;
  const count = rows.reduce((sum, { pipelines }) => sum + pipelines.length, 0);
  return (
    <section aria-label="Isolation of teams">
      <h2 className="title-s">Who sees whose runs</h2>
      <ProblemMessage what="The pipelines" problem={problem} onRetry={refresh} />
      <ProblemMessage what="What you may do" severity="warning" problem={rightsProblem} onRetry={refresh} />
      <ProblemMessage what="Your teams" severity="warning" problem={teams.problem} onRetry={refresh} />
      {isLoading && rows.length === 0 && problem === undefined && (
        <SkeletonRows rows={3} label="Reading folders and rights" />
      )}
      {!isLoading && rows.length === 0 && problem === undefined && <p>You see no pipeline in this project.</p>}
      {!isLoading && teams.rows.length === 0 && teams.problem === undefined && (
        <p>You belong to no team of this project.</p>
      )}
      {isolationText(rows, teams.rows).map((text) => (
        <p key={text}>{displayText(text)}</p>
      ))}
      {count >= mostPipelines && <p>There are more pipelines than were read: these are the first {count}.</p>}
      {rows.length > 0 && <Folders rows={rows} isRead={!isLoading} />}
      <Recipe />
    </section>
  );
}

function Folders({ rows, isRead }: { rows: readonly AuditedFolder[]; isRead: boolean }) {
  const unknown = isRead ? 'What you may do there is not known.' : 'Being read.';
  return (
    <div className="hub-scroll" role="region" aria-label="Folders of pipelines" tabIndex={0}>
      <table className="hub-table">
        <thead>
          <tr>
            <th scope="col">Folder</th>
            <th scope="col">Pipelines</th>
            <th scope="col">What you may do there</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ path, pipelines, viewer }) => (
            <tr key={path}>
              <th scope="row">
                <Text value={path === '\\' ? '\\ (root)' : path} />
              </th>
              <td>{displayText(listText(pipelines.map(({ name }) => name)))}</td>
              <td>{viewer === undefined ? unknown : folderRights(viewer)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Recipe() {
  return (
    <>
      <h3 className="title-xs">How two teams of one project are kept apart</h3>
      <p>A project for each team is the surest way. Inside one project, all of these are needed:</p>
      <ol className="settings-steps">
        <li>
          Give each team a folder of pipelines, such as \mlops\team-a, and move all its pipelines there; in the security
          of each folder, deny the other team “View builds” and “View build pipeline”, or turn inheritance off and grant
          both to the own team only.
        </li>
        <li>
          Give each team environments of its own, and remove Project Valid Users from the readers in the security of
          each.
        </li>
        <li>Do the same for the repositories, and let service connections be used by the own pipelines only.</li>
      </ol>
      <p>
        Tags of runs are visible to all members of a project, whatever the folders say. Therefore our tags carry no
        names: of a model’s name they hold the first digits of its SHA-256 only.
      </p>
    </>
  );
}

import '../../components/table.css';

/** As the manifest asks for them. */
const scopes = [
  {
    scope: 'vso.build',
    name: 'Build (read)',
    why: 'Reads runs, their records, approvals, checks and environments that you may see.',
  },
  {
    scope: 'vso.pipelineresources_use',
    name: 'Pipeline resources (use)',
    why: 'Sends your decision on an approval. Azure DevOps has no smaller scope for that; the hub sends nothing else with it.',
  },
  {
    scope: 'vso.project',
    name: 'Project and team (read)',
    why: 'Reads which teams of this project you belong to, for the audit above.',
  },
] as const;

export function ScopePart() {
  return (
    <section aria-label="What the extension asks for">
      <h2 className="title-s">What the extension asks for</h2>
      <div className="hub-scroll" role="region" aria-label="Scopes" tabIndex={0}>
        <table className="hub-table">
          <thead>
            <tr>
              <th scope="col">Scope</th>
              <th scope="col">Why</th>
            </tr>
          </thead>
          <tbody>
            {scopes.map(({ scope, name, why }) => (
              <tr key={scope}>
                <th scope="row">
                  {name} <code>{scope}</code>
                </th>
                <td>{why}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p>
        Within these, every request is made in your name and with your rights: the hub shows nobody more than they may
        see. It keeps no secret, no copy of your data and no settings, and there is no server of ours: your browser
        speaks with your organization only.
      </p>
    </section>
  );
}

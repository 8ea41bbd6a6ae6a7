import { Digest } from '../../components/Digest';
import { KeyValueList } from '../../components/KeyValueList';
import { Markdown } from '../../components/Markdown';
import { PersonName } from '../../components/PersonName';
import { Text } from '../../components/Text';
import { TimeAgo } from '../../components/TimeAgo';
import { Verdict } from '../../components/Verdict';
import { recordOf, type Known } from './known';
import { provenanceOf } from './provenance';

export function OverviewTab({ known }: { known: Known }) {
  const { version, evidence } = known;
  const record = recordOf(evidence, 'mlops.model-version.v1');
  const body = record?.body;
  const { run, registration } = version;
  return (
    <>
      <section aria-label="Provenance">
        <h2 className="title-xs">Provenance</h2>
        <ul className="version-provenance">
          {provenanceOf(known).map(({ kind, text }) => (
            <li key={text}>
              <Verdict kind={kind} text={text} />
            </li>
          ))}
        </ul>
      </section>
      <section aria-label="Facts">
        <h2 className="title-xs">Facts</h2>
        <KeyValueList
          items={[
            { label: 'Registered', value: <TimeAgo time={registration.at} /> },
            { label: 'By', value: <PersonName person={run.requestedFor} /> },
            { label: 'Workspace', value: <Text value={registration.workspace} /> },
            { label: 'Folder', value: <Text value={run.pipeline.folder} /> },
            { label: 'Branch', value: <Text value={run.branch} /> },
            { label: 'Commit', value: <Text value={body?.commit ?? run.commit} max={12} /> },
            { label: 'Job', value: body && <Text value={body.job} /> },
            { label: 'Path in the job', value: body && <Text value={body.path} /> },
            { label: 'Type', value: body && <Text value={body.modelType} /> },
            { label: 'Id', value: body?.model.id !== undefined && <Text value={body.model.id} /> },
            {
              label: 'Digest of the files',
              value: body && <Digest sha256={hex(body.digest)} of="the model's files" />,
            },
            {
              label: 'Data fingerprint',
              value: body?.dataFingerprint !== undefined && <Digest sha256={hex(body.dataFingerprint)} of="the data" />,
            },
            {
              label: 'Inputs',
              value: body?.signature?.inputs !== undefined && <Text value={body.signature.inputs} max={200} />,
            },
            {
              label: 'Outputs',
              value: body?.signature?.outputs !== undefined && <Text value={body.signature.outputs} max={200} />,
            },
            { label: 'Record', value: record && <Digest sha256={record.sha256} of="the record of the registration" /> },
          ].map(({ label, value }) => ({ label, value: value === false ? undefined : value }))}
        />
      </section>
      <section aria-label="Model card">
        <h2 className="title-xs">Model card</h2>
        {body?.card === undefined ? (
          <p className="secondary-text">
            None was registered. RegisterModel takes one: its input modelCard names a markdown file.
          </p>
        ) : (
          <Markdown source={body.card} />
        )}
      </section>
    </>
  );
}

function hex(digest: string): string {
  return digest.replace(/^sha256:/, '');
}

import type { ReactNode } from 'react';
import { Digest } from '../../components/Digest';
import { OmittedNote } from '../../components/evidence/OmittedNote';
import { ExternalLink } from '../../components/ExternalLink';
import { Fingerprint } from '../../components/Fingerprint';
import { KeyValueList } from '../../components/KeyValueList';
import { Markdown } from '../../components/Markdown';
import { PersonName } from '../../components/PersonName';
import { ProblemMessage } from '../../components/ProblemMessage';
import { Text } from '../../components/Text';
import { TimeAgo } from '../../components/TimeAgo';
import { Verdict } from '../../components/Verdict';
import { useAsksApproval, useBypasses } from '../../data/queries';
import { absence, type Known } from './known';
import { hasUnasked, provenanceOf } from './provenance';

export function OverviewTab({ known }: { known: Known }) {
  const body = known.records.registered?.body;
  const checks = useBypasses(known.version.run.id);
  const asks = useAsksApproval(hasUnasked(known));
  const bypasses = checks.isLoading || checks.problem !== undefined ? undefined : checks.bypasses;
  return (
    <>
      <section aria-label="Provenance">
        <h2 className="title-xs">Provenance</h2>
        <ProblemMessage
          what="Whether a check was bypassed"
          severity="warning"
          problem={checks.problem}
          onRetry={checks.refresh}
        />
        <ul className="version-provenance">
          {provenanceOf(known, bypasses, checks.unread, asks).map(({ kind, text }, index) => (
            <li key={index}>
              <Verdict kind={kind} text={text} />
            </li>
          ))}
        </ul>
      </section>
      <section aria-label="Facts">
        <h2 className="title-xs">Facts</h2>
        <KeyValueList items={[...registrationFacts(known), ...modelFacts(known)]} />
      </section>
      <section aria-label="Model card">
        <h2 className="title-xs">Model card</h2>
        {body?.card === undefined ? (
          <p className="secondary-text">
            {absence(
              known,
              'mlops.model-version.v1',
              'None was registered. RegisterModel takes one: its input modelCard names a markdown file.',
            )}
          </p>
        ) : (
          <Markdown source={body.card} />
        )}
        <OmittedNote omitted={body?.omitted} />
      </section>
    </>
  );
}

interface Fact {
  label: string;
  value: ReactNode;
}

function registrationFacts({ version, records }: Known): Fact[] {
  const { run, registration } = version;
  const body = records.registered?.body;
  const studio = records.training?.body.studioUrl;
  return [
    { label: 'Registered', value: <TimeAgo time={registration.at} /> },
    { label: 'By', value: <PersonName person={run.requestedFor} /> },
    { label: 'Workspace', value: <Text value={registration.workspace} /> },
    { label: 'Folder', value: <Text value={run.pipeline.folder} /> },
    { label: 'Branch', value: <Text value={run.branch} /> },
    { label: 'Commit', value: <Text value={body?.commit ?? run.commit} max={12} /> },
    { label: 'Job', value: text(body?.job) },
    { label: 'Studio', value: studio && <ExternalLink href={studio}>Open the job</ExternalLink> },
  ];
}

function modelFacts({ records: { registered } }: Known): Fact[] {
  const body = registered?.body;
  return [
    { label: 'Path in the job', value: text(body?.path) },
    { label: 'Type', value: text(body?.modelType) },
    { label: 'Id', value: text(body?.model.id, 200) },
    { label: 'Environment of the job', value: text(body?.environment, 200) },
    { label: 'Digest of the files', value: body && <Digest sha256={hex(body.digest)} of="the model's files" /> },
    {
      label: 'Data fingerprint',
      value: body?.dataFingerprint && <Fingerprint value={body.dataFingerprint} of="the data" />,
    },
    { label: 'Inputs', value: text(body?.signature?.inputs, 200) },
    { label: 'Outputs', value: text(body?.signature?.outputs, 200) },
    { label: 'Tags', value: body && text(pairs(body.tags), 300) },
    { label: 'Parameters', value: body?.params && text(pairs(body.params), 300) },
    {
      label: 'Record',
      value: registered && <Digest sha256={registered.sha256} of="the record of the registration" />,
    },
  ];
}

function text(value: string | undefined, max?: number): ReactNode {
  return value === undefined || value === '' ? undefined : <Text value={value} max={max} />;
}

function pairs(texts: Readonly<Record<string, string>>): string {
  return Object.entries(texts)
    .map(([name, value]) => `${name}=${value}`)
    .join(', ');
}

function hex(digest: string): string {
  return digest.replace(/^sha256:/, '');
}

import type { ReactNode } from 'react';
import type {
  DeploymentEvidence,
  ModelVersionEvidence,
  PackageEvidence,
  SmokeTestEvidence,
  TrainingEvidence,
} from '../../../lib/evidence/types';
import { numberText } from '../../components/charts/text';
import { Digest } from '../../components/Digest';
import { displayText } from '../../components/display-text';
import { DataSanityDetails } from '../../components/evidence/DataSanityDetails';
import { EvaluationDetails } from '../../components/evidence/EvaluationDetails';
import { OmittedNote } from '../../components/evidence/OmittedNote';
import { SaveRecord } from '../../components/evidence/SaveRecord';
import { ExternalLink } from '../../components/ExternalLink';
import { KeyValueList } from '../../components/KeyValueList';
import { Text } from '../../components/Text';
import { Verdict, verdictOf } from '../../components/Verdict';
import { ViewLink } from '../../components/ViewLink';
import type { ReadRecord, Run } from '../../data/types';
import { versionParams } from '../../data/workspaces';

const titles: Record<ReadRecord['kind'], string> = {
  'mlops.data-sanity.v1': 'Data',
  'mlops.training.v1': 'Training',
  'mlops.evaluation.v1': 'Evaluation against production',
  'mlops.model-version.v1': 'Registered version',
  'mlops.package.v1': 'Image',
  'mlops.deployment.v1': 'Deployment',
  'mlops.smoke.v1': 'Smoke test',
};

export interface RecordSectionProps {
  record: ReadRecord;
  run: Run;
  /** Of its kind in this run; of several each says in its heading which it is. */
  isOnly: boolean;
}

/** One record in full, with its stage and digest. */
export function RecordSection({ record, run, isOnly }: RecordSectionProps) {
  const { kind, stage, name } = record;
  const title = isOnly ? titles[kind] : displayText(`${titles[kind]}: ${name}, stage ${stage}`);
  return (
    <section aria-label={title} className="run-record">
      <h2 className="title-xs">{title}</h2>
      <p className="secondary-text">
        <Text value={`Stage ${stage}`} max={60} /> <Digest sha256={record.sha256} of={`the record ${name}`} />{' '}
        <SaveRecord record={record} run={run.id} />
      </p>
      <Body record={record} />
    </section>
  );
}

function Body({ record: { body } }: { record: ReadRecord }) {
  switch (body.kind) {
    case 'mlops.data-sanity.v1':
      return <DataSanityDetails body={body} />;
    case 'mlops.evaluation.v1':
      return <EvaluationDetails body={body} />;
    case 'mlops.training.v1':
      return <Training body={body} />;
    case 'mlops.model-version.v1':
      return <Registration body={body} />;
    case 'mlops.package.v1':
      return <Image body={body} />;
    case 'mlops.deployment.v1':
      return <Deployment body={body} />;
    case 'mlops.smoke.v1':
      return <SmokeTest body={body} />;
  }
}

function Training({ body }: { body: TrainingEvidence }) {
  return (
    <>
      <KeyValueList
        items={[
          { label: 'Job', value: <Text value={body.jobName} /> },
          { label: 'Status', value: <Text value={body.status} /> },
          { label: 'Metrics', value: metricsText(body.metrics) },
          { label: 'Studio', value: body.studioUrl && <ExternalLink href={body.studioUrl}>Open the job</ExternalLink> },
        ]}
      />
      <OmittedNote omitted={body.omitted} />
    </>
  );
}

function Registration({ body }: { body: ModelVersionEvidence }) {
  const { name, version } = body.model;
  return (
    <>
      <p>
        <ViewLink view="version" params={versionParams(body.model)}>
          <Text value={`${name} version ${version}`} />
        </ViewLink>
        {body.created ? '' : ', which was registered before with the same files'}
      </p>
      <KeyValueList
        items={[
          { label: 'Job', value: <Text value={body.job} /> },
          { label: 'Metrics', value: metricsText(body.metrics) },
          {
            label: 'Digest of the files',
            value: <Digest sha256={body.digest.replace(/^sha256:/, '')} of="the model's files" />,
          },
        ]}
      />
      <OmittedNote omitted={body.omitted} />
    </>
  );
}

function Image({ body }: { body: PackageEvidence }) {
  return (
    <KeyValueList
      items={[
        { label: 'Image', value: <Text value={body.image} max={160} /> },
        { label: 'Model', value: <Text value={`${body.model.name} version ${body.model.version}`} /> },
      ]}
    />
  );
}

/** Metrics that JSON has no number for are texts in the record. */
function metricsText(metrics: Readonly<Record<string, number | string>>): ReactNode {
  const texts = Object.entries(metrics).map(([name, value]) => `${name} ${numberText(Number(value))}`);
  return texts.length > 0 ? <Text value={texts.join(', ')} max={200} /> : undefined;
}

function Deployment({ body }: { body: DeploymentEvidence }) {
  const traffic = Object.entries(body.traffic ?? {}).map(([name, percent]) => `${name} ${percent} %`);
  const by = body.approval?.decidedBy.map(({ displayName }) => displayName).join(', ');
  return (
    <KeyValueList
      items={[
        {
          label: 'Where',
          value: <Text value={[body.environment, body.name, body.deployment].filter(Boolean).join(' / ')} />,
        },
        { label: 'Model', value: body.model && <Text value={`${body.model.name} version ${body.model.version}`} /> },
        { label: 'Image', value: body.image && <Text value={body.image} max={160} /> },
        { label: 'Traffic', value: traffic.length > 0 ? <Text value={traffic.join(', ')} max={160} /> : undefined },
        { label: 'Approved by, as the task read it', value: by && <Text value={by} /> },
        {
          label: 'Evidence approved',
          value: body.approval?.evidenceSha256 && (
            <Digest sha256={body.approval.evidenceSha256} of="the evidence that was approved" />
          ),
        },
      ]}
    />
  );
}

function SmokeTest({ body }: { body: SmokeTestEvidence }) {
  const failed = body.requests.filter(({ passed }) => !passed);
  return (
    <>
      <p>
        <Verdict {...verdictOf(body.verdict)} />
        {` ${body.sent} of ${body.planned} requests sent, ${failed.length} failed`}
        {body.p95LatencyMs !== undefined && `, 95 % answered within ${numberText(body.p95LatencyMs)} ms`}.
      </p>
      <ul className="hub-list">
        {body.problems.map((problem, index) => (
          <li key={`problem ${index}`}>
            <Text value={problem} max={300} />
          </li>
        ))}
        {failed.slice(0, 20).map(({ index, problem, status }, position) => (
          <li key={`request ${position}`}>
            <Text value={`Request ${index}: ${problem ?? `status ${status ?? 'none'}`}`} max={300} />
          </li>
        ))}
      </ul>
    </>
  );
}

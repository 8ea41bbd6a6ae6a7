import type { DataCheck, DataSanityEvidence } from '../../../lib/evidence/types';
import { counted } from '../counted';
import { Digest } from '../Digest';
import { Fingerprint } from '../Fingerprint';
import { KeyValueList } from '../KeyValueList';
import { OmittedNote } from './OmittedNote';
import '../table.css';
import { Text } from '../Text';
import { Verdict, verdictOf } from '../Verdict';

export interface DataSanityDetailsProps {
  body: DataSanityEvidence;
}

/** Data held against its contract: the verdict, and every rule that was broken. Values of the data are in no record. */
export function DataSanityDetails({ body }: DataSanityDetailsProps) {
  const { contract } = body;
  const broken = body.checks.filter(({ passed }) => !passed);
  return (
    <>
      <p>
        <Verdict {...verdictOf(body.verdict)} />
        {` ${body.checks.length - broken.length} of ${body.checks.length} checks passed on ${counted(body.rowCount, 'row')}.`}
      </p>
      <KeyValueList
        items={[
          {
            label: 'Contract',
            value: <Text value={[contract.name ?? contract.id, contract.version].filter(Boolean).join(' ')} />,
          },
          { label: 'Contract digest', value: <Digest sha256={contract.sha256} of="the contract" /> },
          { label: 'Data fingerprint', value: <Fingerprint value={body.dataFingerprint} of="the data" /> },
          { label: 'Files', value: body.files.length },
        ]}
      />
      <OmittedNote omitted={body.omitted} />
      {broken.length > 0 && <BrokenChecks checks={broken} />}
    </>
  );
}

function BrokenChecks({ checks }: { checks: readonly DataCheck[] }) {
  return (
    <div className="hub-scroll" role="region" aria-label="Broken rules" tabIndex={0}>
      <table className="hub-table">
        <thead>
          <tr>
            <th scope="col">Rule</th>
            <th scope="col">Severity</th>
            <th scope="col">Violations</th>
            <th scope="col">First at</th>
          </tr>
        </thead>
        <tbody>
          {checks.map((check, position) => (
            <tr key={position}>
              <th scope="row">
                <Text value={[check.table, check.column, check.description].filter(Boolean).join(': ')} max={200} />
              </th>
              <td>{check.severity}</td>
              <td>{check.violations}</td>
              <td>
                <Text value={check.first.map(({ file, line }) => `${file}:${line}`).join(', ')} max={120} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

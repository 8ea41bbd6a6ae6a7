import { Button } from 'azure-devops-ui/Button';
import { useState, type ReactElement } from 'react';
import { Digest } from '../../components/Digest';
import { RunLink } from '../../components/RunLink';
import { Text } from '../../components/Text';
import { utcSecondsText } from '../../components/charts/text';
import { versionText } from '../../data/serving';
import { Where } from './Where';
import type { Serving } from '../../data/types';
import type { Homes } from '../../data/workspaces';
import { ServedVersion } from './ServedVersion';
import { auditCsv, auditJson, fileName, type Audit } from './export';
import { isAlarmingApproval } from '../../data/approval-proof';
import { fromField, toField, type Zone } from './moment';
import { approvalText, evidenceText, isAlarming, isAlarmingEvidence, type Proof } from './proof';

export interface MomentFieldProps {
  /** ISO 8601 in UTC; absent for now. */
  at?: string;
  now: string;
  /** Whether the address names a moment, be it one that cannot be shown. */
  isAsked?: boolean;
  onChange: (at: string | undefined) => void;
}

/** Picks a moment, in UTC or in the viewer's own time; both are shown. */
export function MomentField({ at, now, isAsked = at !== undefined, onChange }: MomentFieldProps): ReactElement {
  const [zone, setZone] = useState<Zone>('utc');
  // What is being typed passes through dates that nobody means, the year 2 and the future among them: the field keeps it.
  const [typed, setTyped] = useState<string>();
  const moment = at ?? now;
  return (
    <div className="hub-moment">
      <label>
        Date and time{' '}
        <input
          type="datetime-local"
          step={1}
          value={typed ?? toField(moment, zone)}
          max={toField(now, zone)}
          onChange={({ target }) => {
            setTyped(target.value);
            const chosen = fromField(target.value, zone);
            if (chosen !== undefined && isLikely(chosen, now)) onChange(chosen);
          }}
          onBlur={() => {
            const chosen = fromField(typed ?? '', zone);
            setTyped(undefined);
            if (chosen !== undefined && chosen !== at) onChange(chosen);
          }}
        />
      </label>
      <label>
        Zone{' '}
        <select value={zone} onChange={({ target }) => setZone(target.value === 'local' ? 'local' : 'utc')}>
          <option value="utc">UTC</option>
          <option value="local">Your time</option>
        </select>
      </label>
      <Button text="Now" disabled={!isAsked} onClick={() => onChange(undefined)} />
      <span>{`${utcSecondsText(moment)} is ${new Date(moment).toLocaleString()} in your time.`}</span>
    </div>
  );
}

/** Not a year of which digits are still to come, nor a month or day that is. */
function isLikely(moment: string, now: string): boolean {
  return moment >= '2000' && Date.parse(moment) <= Date.parse(now);
}

export interface AtDateProps {
  audit: Audit;
  homes: Homes;
  isReading: boolean;
  /** Gives a text to the viewer as a file. */
  save: (name: string, type: string, text: string) => void;
}

/** What served at a moment, who let it in, on what evidence; to take along as CSV or JSON. */
export function AtDate({ audit, homes, isReading, save }: AtDateProps): ReactElement {
  const { at, rows, unverified } = audit;
  return (
    <section aria-label="What served">
      {unverified.map((sentence) => (
        <p key={sentence} role="note" className="hub-warning">
          <strong>Not certain: </strong>
          {sentence}
        </p>
      ))}
      {rows.length === 0 ? (
        <p>{`No step that was read had left anything serving at ${utcSecondsText(at)}.`}</p>
      ) : (
        <div className="hub-scroll" tabIndex={0} role="region" aria-label="What served, as a table">
          <table className="hub-table">
            <thead>
              <tr>
                {['Environment', 'Service', 'Version', 'Traffic', 'Since', 'Run', 'Approval', 'Evidence'].map(
                  (name) => (
                    <th key={name} scope="col">
                      {name}
                    </th>
                  ),
                )}
              </tr>
            </thead>
            <tbody>
              {rows.map(({ serving, proof }) => (
                <Row key={rowKey(serving)} serving={serving} proof={proof} homes={homes} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      <div className="flex-row rhythm-horizontal-8 hub-exports">
        <Button
          text="Export CSV"
          disabled={isReading}
          onClick={() => save(fileName(at, 'csv'), 'text/csv', auditCsv(audit))}
        />
        <Button
          text="Export JSON"
          disabled={isReading}
          onClick={() => save(fileName(at, 'json'), 'application/json', auditJson(audit))}
        />
        {isReading && <span role="status">Reading approvals and evidence…</span>}
      </div>
    </section>
  );
}

export function rowKey({ environment, name, where, deployment }: Serving): string {
  return JSON.stringify([environment, name, where, deployment]);
}

function Row({ serving, proof, homes }: { serving: Serving; proof?: Proof; homes: Homes }): ReactElement {
  const { environment, isProduction, name, traffic, since, event } = serving;
  return (
    <tr className={proof !== undefined && isAlarming(proof) ? 'hub-alarm' : undefined}>
      <th scope="row">
        <Text value={environment} />
        {isProduction && ' (production)'}
      </th>
      <td>
        <Text value={serving.deployment === undefined ? name : `${name} / ${serving.deployment}`} />
        <Where id={serving.where} />
      </td>
      <td>
        <ServedVersion serving={serving} homes={homes} />
      </td>
      <td>{`${traffic} %`}</td>
      <td>{utcSecondsText(since)}</td>
      <td>
        <RunLink run={event.run} />
      </td>
      <td>
        {proof === undefined ? (
          'Reading…'
        ) : (
          <Loud isLoud={isAlarmingApproval(proof.approval)} text={approvalText(proof.approval)} />
        )}{' '}
        {proof?.approval.digests.map((sha256) => (
          <Digest key={sha256} sha256={sha256} of={`the evidence that was approved for ${versionText(serving)}`} />
        ))}
      </td>
      <td>
        {proof === undefined ? (
          'Reading…'
        ) : (
          <Loud isLoud={isAlarmingEvidence(proof.evidence)} text={evidenceText(proof.evidence)} />
        )}{' '}
        <Digest
          sha256={proof?.evidence.sha256 ?? event.entry.sha256}
          of={`the deployment of ${versionText(serving)}`}
        />
      </td>
    </tr>
  );
}

function Loud({ isLoud, text }: { isLoud: boolean; text: string }): ReactElement {
  return isLoud ? (
    <strong className="hub-loud">
      <Text value={`⚠ ${text}`} max={300} />
    </strong>
  ) : (
    <Text value={text} max={300} />
  );
}

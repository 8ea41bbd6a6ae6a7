import { Button } from 'azure-devops-ui/Button';
import { canonicalJson } from '../../../lib/evidence/canonical';
import type { ReadRecord } from '../../data/types';
import { displayText } from '../display-text';
import { saveFile } from '../save-file';

export interface SaveRecordProps {
  record: ReadRecord;
  /** Id of the run that left it. */
  run: number;
}

/** Saves a record as it was attached: the file has the digest that the page shows. */
export function SaveRecord({ record, run }: SaveRecordProps) {
  const name = `run-${run}-${record.stage}-${record.name}`.replace(/[^A-Za-z0-9._-]+/g, '_');
  return (
    <Button
      subtle
      text="Save the record"
      ariaLabel={`Save the record ${displayText(record.name)}`}
      onClick={() => saveFile(name, 'application/json', canonicalJson(record.body))}
    />
  );
}

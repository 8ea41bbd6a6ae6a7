import { Button } from 'azure-devops-ui/Button';
import { useUrlState } from '../../app/url-state';
import { displayText } from '../../components/display-text';
import { verdictOf } from '../../components/Verdict';
import { filterNames } from './address';
import './models.css';

export interface FiltersProps {
  choices: { folders: string[]; workspaces: string[]; verdicts: string[]; environments: string[] };
}

/** Narrows the list; every choice stands in the address. A choice with one value only is not offered. */
export function Filters({ choices }: FiltersProps) {
  const { params, patch } = useUrlState();
  const isFiltered = filterNames.some((name) => params[name] !== undefined);
  return (
    <div role="search" aria-label="Filter models" className="models-filters">
      <input
        type="search"
        className="models-keyword"
        aria-label="Filter by keyword"
        placeholder="Filter by keyword"
        value={params['q'] ?? ''}
        onChange={(event) => patch({ q: event.target.value }, { replace: true })}
      />
      <Choice name="folder" label="Folder" values={choices.folders} />
      <Choice name="workspace" label="Workspace" values={choices.workspaces} />
      <Choice name="verdict" label="Verdict" values={choices.verdicts} textOf={(value) => verdictOf(value).text} />
      <Choice name="environment" label="Environment" values={choices.environments} />
      <label className="models-mine">
        <input
          type="checkbox"
          checked={params['mine'] === 'true'}
          onChange={(event) => patch({ mine: event.target.checked ? 'true' : undefined })}
        />
        Mine
      </label>
      {isFiltered && (
        <Button
          subtle
          text="Clear filters"
          onClick={() => patch(Object.fromEntries(filterNames.map((name) => [name, undefined])))}
        />
      )}
    </div>
  );
}

interface ChoiceProps {
  name: (typeof filterNames)[number];
  label: string;
  values: readonly string[];
  textOf?: (value: string) => string;
}

function Choice({ name, label, values, textOf = (value) => value }: ChoiceProps) {
  const { params, patch } = useUrlState();
  const chosen = params[name];
  // What the address names stays choosable, though nothing loaded has it.
  const offered = chosen === undefined || values.includes(chosen) ? values : [...values, chosen];
  if (offered.length < 2 && chosen === undefined) return null;
  return (
    <select
      aria-label={label}
      value={chosen ?? ''}
      onChange={(event) => patch({ [name]: event.target.value === '' ? undefined : event.target.value })}
    >
      <option value="">{`${label}: all`}</option>
      {offered.map((value) => (
        <option key={value} value={value}>
          {displayText(textOf(value))}
        </option>
      ))}
    </select>
  );
}

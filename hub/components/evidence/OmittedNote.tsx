import { displayText } from '../display-text';

export interface OmittedNoteProps {
  /** Place in the record and how many entries or characters were too much for it. */
  omitted: Readonly<Record<string, unknown>> | undefined;
}

/** Says that a record was cut to its size: what is counted from it is not the whole. */
export function OmittedNote({ omitted }: OmittedNoteProps) {
  const places = Object.entries(omitted ?? {});
  if (places.length === 0) return null;
  const text = places.map(([place, count]) => `${String(count)} of ${place}`).join(', ');
  return <p>{displayText(`Too much for the record and left out of it: ${text}.`)}</p>;
}

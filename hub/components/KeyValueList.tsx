import type { ReactNode } from 'react';

export interface KeyValueListProps {
  items: readonly { label: string; value: ReactNode }[];
}

/** Facts by name; what is undefined or empty is left out. */
export function KeyValueList({ items }: KeyValueListProps) {
  const known = items.filter(({ value }) => value !== undefined && value !== null && value !== '');
  return (
    <dl className="hub-facts">
      {known.map(({ label, value }) => (
        <div key={label} className="hub-fact">
          <dt>{label}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

export interface SkeletonRowsProps {
  rows?: number;
  /** What a screen reader says meanwhile. */
  label?: string;
}

/** Grey bars where rows will be. */
export function SkeletonRows({ rows = 5, label = 'Loading' }: SkeletonRowsProps) {
  return (
    <div role="status" aria-label={label} className="hub-skeleton">
      {Array.from({ length: rows }, (_, index) => (
        <div key={index} aria-hidden="true" className="hub-skeleton-row" />
      ))}
    </div>
  );
}

import type { Run } from '../data/types';
import { ExternalLink } from './ExternalLink';
import { Text } from './Text';

export interface RunLinkProps {
  run: Pick<Run, 'number' | 'url' | 'pipeline'>;
  /** With the pipeline's name before the number. */
  withPipeline?: boolean;
}

/** Link to the page of a run. */
export function RunLink({ run, withPipeline = false }: RunLinkProps) {
  return (
    <ExternalLink href={run.url}>
      {withPipeline && (
        <>
          <Text value={run.pipeline.name} max={40} />{' '}
        </>
      )}
      <Text value={`#${run.number}`} max={40} />
    </ExternalLink>
  );
}
